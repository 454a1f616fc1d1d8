/** The approximate size of data as JSON. */
export interface JsonSize {
  /** The number of characters. */
  readonly chars: number;
  /** The number of leaves, arrays and objects. */
  readonly values: number;
  /** The number of named things: tags, params, metric definitions, versions and data sets. */
  readonly names: number;
}

export const NO_SIZE: JsonSize = { chars: 0, values: 0, names: 0 };

/** Adds up sizes. */
export class SizeCount {
  #chars = 0;
  #values = 0;
  #names = 0;

  get value(): JsonSize {
    return { chars: this.#chars, values: this.#values, names: this.#names };
  }

  add({ chars, values, names }: JsonSize): void {
    this.#chars += chars;
    this.#values += values;
    this.#names += names;
  }

  remove({ chars, values, names }: JsonSize): void {
    this.#chars -= chars;
    this.#values -= values;
    this.#names -= names;
  }

  addKey(key: string): void {
    this.add(keySize(key));
  }
}

/** Returns the size of the key of a tag or a param, without the value. */
export function keySize(key: string): JsonSize {
  return { chars: key.length + 3, values: 0, names: 1 };
}

/** Returns the size of data that JSON can hold. Keys count only as characters. */
export function jsonSize(value: unknown): JsonSize {
  if (typeof value !== "object" || value === null) return { chars: scalarChars(value), values: 1, names: 0 };
  let chars = 0;
  let values = 0;
  const stack: unknown[] = [value];
  while (stack.length > 0) {
    const item = stack.pop();
    values++;
    if (typeof item !== "object" || item === null) chars += scalarChars(item);
    else if (Array.isArray(item)) {
      chars += 3;
      for (const each of item) stack.push(each);
    } else {
      chars += 3;
      for (const key of Object.keys(item)) {
        chars += key.length + 3;
        stack.push((item as Record<string, unknown>)[key]);
      }
    }
  }
  return { chars, values, names: 0 };
}

function scalarChars(value: unknown): number {
  if (typeof value === "string") return value.length + 3;
  if (typeof value === "number") return String(value).length + 1;
  return typeof value === "bigint" ? value.toString().length + 24 : 6;
}
