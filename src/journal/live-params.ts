import { ownValue, setOwn } from "../bytes/dictionary.ts";
import type { Dictionary, RunEvent } from "./event.ts";
import { jsonSize, type JsonSize, keySize, SizeCount } from "./json-size.ts";
import { isNested } from "./params.ts";

type Head = Pick<RunEvent, "order" | "time">;

interface Leaf {
  readonly at: number;
  readonly head: Head;
  readonly value: unknown;
}

/** A place in the nested params, and the values that were set there last. */
interface Node {
  /**
   * A value that is not a dictionary. A later dictionary does not remove it: it hides what other writers set below the
   * key before.
   */
  leaf: Leaf | undefined;
  /** An empty dictionary. It replaces a value, but changes nothing in a dictionary. */
  empty: Leaf | undefined;
  /** Absent while there are no children, because most nodes hold a value. */
  children: Map<string, Node> | undefined;
}

/** The part of an event that set params, as far as it counts. */
export interface LiveSet {
  readonly at: number;
  readonly head: Head;
  readonly set: Dictionary;
}

/**
 * The params that one writer set last, each with its event. Merging the parts of the events that count gives the same
 * params.
 */
export class LiveParams {
  readonly #root: Node = newNode();
  readonly #size: SizeCount;

  /** `size` counts the params that are held here. */
  constructor(size: SizeCount) {
    this.#size = size;
  }

  /** Sets params. Returns 1 if the event replaced something, else 0. */
  set(set: Dictionary, at: number, { order, time }: Head): 0 | 1 {
    return put(this.#root, set, at, { order, time }, this.#size) ? 1 : 0;
  }

  /** Returns the part of each event that counts. */
  list(): LiveSet[] {
    const sets = new Map<number, LiveSet>();
    const add = ({ at, head, value }: Leaf, path: readonly string[]): void => {
      let own = sets.get(at);
      if (own === undefined) sets.set(at, (own = { at, head, set: {} }));
      let into = own.set;
      for (const key of path.slice(0, -1)) {
        const known = ownValue(into, key) as Dictionary | undefined;
        const next = known ?? {};
        if (known === undefined) setOwn(into, key, next);
        into = next;
      }
      setOwn(into, path.at(-1)!, value);
    };
    const visit = ({ leaf, empty, children }: Node, path: readonly string[]): void => {
      if (leaf) add(leaf, path);
      if (empty) add(empty, path);
      for (const [key, child] of children ?? NONE) visit(child, [...path, key]);
    };
    visit(this.#root, []);
    return [...sets.values()];
  }

  /** Returns the size of what an event would replace. */
  replaced(set: Dictionary): JsonSize {
    const size = new SizeCount();
    const visit = (node: Node, changes: Dictionary): void => {
      for (const key of Object.keys(changes)) {
        const child = node.children?.get(key);
        if (child === undefined) continue;
        const value = changes[key];
        if (isNested(value)) visit(child, value);
        else {
          size.addKey(key);
          countNode(child, (each) => size.add(each));
        }
      }
    };
    visit(this.#root, set);
    return size.value;
  }
}

const NONE: ReadonlyMap<string, Node> = /* @__PURE__ */ new Map();

function newNode(): Node {
  return { leaf: undefined, empty: undefined, children: undefined };
}

function put(node: Node, set: Dictionary, at: number, head: Head, size: SizeCount): boolean {
  let replaces = false;
  const children = (node.children ??= new Map<string, Node>());
  for (const key of Object.keys(set)) {
    const value = set[key];
    const known = children.get(key);
    const child = known ?? newNode();
    if (known === undefined) {
      children.set(key, child);
      size.addKey(key);
    }
    if (isNested(value) && Object.keys(value).length > 0) {
      if (put(child, value, at, head, size)) replaces = true;
      continue;
    }
    if (isNested(value)) {
      if (child.empty) replaces = true;
      child.empty = { at, head, value };
      continue;
    }
    countNode(child, (each) => size.remove(each));
    size.add(jsonSize(value));
    child.leaf = { at, head, value };
    child.empty = undefined;
    child.children = undefined;
    if (known) replaces = true;
  }
  return replaces;
}

/** Passes the sizes of everything at and below a place to `count`, except the key of the place itself. */
function countNode({ leaf, children }: Node, count: (size: JsonSize) => void): void {
  if (leaf) count(jsonSize(leaf.value));
  for (const [key, child] of children ?? NONE) {
    count(keySize(key));
    countNode(child, count);
  }
}
