import { utf8Encoder } from "../bytes/utf8.ts";
import { writeVarint } from "../bytes/varint.ts";

/** A set of metric keys logged together, in order. Rows of one shape name it instead of their keys. */
export interface Shape {
  readonly id: number;
  readonly keys: readonly string[];
  /** Number of each key, within one writer. */
  readonly keyIds: readonly number[];
  /** The shape that followed this one last time: the best guess for the next row. */
  next: Shape;
  /** Frame in which the shape was used last, so that each frame knows what definitions it needs. */
  frame: number;
  /** Segment that holds a definition, and the bytes that segment had then. */
  definedIn: number;
  definedAt: number;
  definitionBytes: number;
}

/** Tags that begin an item of a payload. Tags from {@link FIRST_SHAPE_TAG} on are rows of the shape `tag - FIRST_SHAPE_TAG`. */
export const TAG = { key: 0, shape: 1, event: 2, base: 3, loose: 4 } as const;
export const FIRST_SHAPE_TAG = 8;
/** Kinds of payload: its first byte. */
export const PAYLOAD = { definitions: 1, records: 2 } as const;

/** Most keys in one row. */
export const MAX_ROW_KEYS = 10_000;
/** More shapes than this a writer: further key sets are logged as loose rows, which name each key. */
export const MAX_SHAPES = 4096;

const encoder = /* @__PURE__ */ utf8Encoder();

/** Keys and shapes one writer has used, numbered in order of first use. */
export class ShapeRegistry {
  readonly keys: string[] = [];
  readonly #keyIds = new Map<string, number>();
  readonly #shapes = new Map<string, Shape>();

  keyId(key: string): number {
    let id = this.#keyIds.get(key);
    if (id === undefined) {
      id = this.keys.length;
      this.keys.push(key);
      this.#keyIds.set(key, id);
    }
    return id;
  }

  has(key: string): boolean {
    return this.#keyIds.has(key);
  }

  /** The shape of these keys; `undefined` when there are {@link MAX_SHAPES} others already. */
  shapeOf(keys: readonly string[]): Shape | undefined {
    const keyIds = keys.map((key) => this.keyId(key));
    const name = keyIds.join();
    const known = this.#shapes.get(name);
    if (known || this.#shapes.size >= MAX_SHAPES) return known;
    const shape = {
      id: this.#shapes.size,
      keys: [...keys],
      keyIds,
      frame: -1,
      definedIn: -1,
      definedAt: 0,
      definitionBytes: 0,
    } as unknown as Shape;
    shape.next = shape;
    this.#shapes.set(name, shape);
    return shape;
  }

  /** The items that define a shape and its keys. */
  definition(shape: Shape): Uint8Array {
    const names = shape.keys.map((key) => encoder.encode(key));
    const size = names.reduce((sum, name) => sum + name.length + 10, shape.keys.length * 5 + 11);
    const out = new Uint8Array(size);
    let at = 0;
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as Uint8Array;
      at = writeVarint(out, at, TAG.key);
      at = writeVarint(out, at, shape.keyIds[i] as number);
      at = writeVarint(out, at, name.length);
      out.set(name, at);
      at += name.length;
    }
    at = writeVarint(out, at, TAG.shape);
    at = writeVarint(out, at, shape.id);
    at = writeVarint(out, at, shape.keyIds.length);
    for (const id of shape.keyIds) at = writeVarint(out, at, id);
    return out.subarray(0, at);
  }
}
