import { utf8Encoder } from "../bytes/utf8.ts";
import { writeVarint } from "../bytes/varint.ts";

/** A list of metric keys that are logged together. A row names its shape instead of its keys. */
export interface Shape {
  readonly id: number;
  readonly keys: readonly string[];
  /** The number of each key within the writer. */
  readonly keyIds: readonly number[];
  /** The shape of the row that followed this shape last time: the best guess for the next row. */
  next: Shape;
  /** The last frame that used the shape. It shows whether the present frame has listed the shape. */
  frame: number;
  /** The segment that holds the latest definition. */
  definedIn: number;
  /** The size of the segment before that definition. */
  definedAt: number;
  /** The size of that definition. */
  definitionBytes: number;
}

/** The tags that begin an item of a payload. A greater tag begins a row of the shape `tag - FIRST_SHAPE_TAG`. */
export const TAG = { key: 0, shape: 1, event: 2, base: 3, loose: 4 } as const;
export const FIRST_SHAPE_TAG = 8;
/** The kinds of payload, by the first byte. */
export const PAYLOAD = { definitions: 1, records: 2, state: 3 } as const;

/** The greatest number of keys in a row. */
export const MAX_ROW_KEYS = 10_000;
/** The greatest number of shapes of a writer. Rows with other keys are loose: they name each key. */
export const MAX_SHAPES = 4096;

const encoder = /* @__PURE__ */ utf8Encoder();

/** The keys and shapes that a writer has used, numbered in the order of their first use. */
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

  /** Returns the shape of these keys, or `undefined` if there are {@link MAX_SHAPES} other shapes already. */
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

  /** Returns the items that define a shape and its keys. */
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
