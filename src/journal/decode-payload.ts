import { utf8Decoder } from "../bytes/utf8.ts";
import { FIRST_SHAPE_TAG, MAX_ROW_KEYS, PAYLOAD, TAG } from "./shape.ts";
import { ByteReader } from "../bytes/varint.ts";

/** Gets the records of payloads. The arrays are reused: copy what you keep. */
export interface RecordSink {
  /** `values[i]` belongs to `keys[i]`, for `i < keys.length`. `n` is the number of the record. */
  row(n: number, keys: readonly string[], step: number, time: number, values: Float64Array): void;
  event(n: number, json: Uint8Array): void;
}

const decoder = /* @__PURE__ */ utf8Decoder({ fatal: true });

/** The keys and shapes that a segment has defined so far. */
export class Definitions {
  readonly keys: Map<number, string> = new Map();
  readonly shapes: Map<number, readonly string[]> = new Map();
}

/** Thrown for a payload of an unknown kind. Its checksum is right, so a newer version wrote it. */
export class NewerPayload extends RangeError {}

/**
 * Returns the number of the first record of a payload and how many it holds, or `undefined` for another
 * payload.
 */
export function recordRange(payload: Uint8Array): { first: number; count: number } | undefined {
  if (payload[0] !== PAYLOAD.records) return undefined;
  const reader = new ByteReader(payload, 1);
  return { first: reader.varint(), count: reader.varint() };
}

/**
 * Decodes one payload. Skips records with numbers below `skipBefore`. Throws a RangeError for bytes that are not a
 * payload; its message says what is wrong, and the caller knows where.
 */
export function decodePayload(
  payload: Uint8Array,
  definitions: Definitions,
  sink: RecordSink,
  skipBefore: number,
): void {
  const reader = new ByteReader(payload, 1);
  if (payload[0] === PAYLOAD.definitions) return readDefinitions(reader, definitions);
  // It says nothing that the records before it do not say.
  if (payload[0] === PAYLOAD.state) return;
  if (payload[0] !== PAYLOAD.records) {
    const message = `payload kind ${payload[0]} is unknown`;
    throw payload[0] === 0 ? new RangeError(message) : new NewerPayload(message);
  }
  const first = reader.varint();
  const count = reader.varint();
  new RecordReader(reader, definitions, sink, skipBefore).readAll(first, count);
}

function readDefinitions(reader: ByteReader, definitions: Definitions): void {
  while (!reader.atEnd) {
    const tag = reader.varint();
    if (tag === TAG.key) {
      const id = reader.varint();
      definitions.keys.set(id, decoder.decode(reader.take(reader.varint())));
    } else if (tag === TAG.shape) {
      const id = reader.varint();
      const length = reader.varint();
      if (length > MAX_ROW_KEYS) throw new RangeError("a shape has too many keys");
      const keys: string[] = [];
      for (let i = 0; i < length; i++) {
        const key = definitions.keys.get(reader.varint());
        if (key === undefined) throw new RangeError("a shape names a key that is not defined");
        keys.push(key);
      }
      definitions.shapes.set(id, keys);
    } else throw new RangeError(`tag ${tag} does not belong among definitions`);
  }
}

class RecordReader {
  readonly #reader: ByteReader;
  readonly #definitions: Definitions;
  readonly #sink: RecordSink;
  readonly #skipBefore: number;
  #values: Float64Array = new Float64Array(64);
  #step = 0;
  #time = 0;

  constructor(reader: ByteReader, definitions: Definitions, sink: RecordSink, skipBefore: number) {
    this.#reader = reader;
    this.#definitions = definitions;
    this.#sink = sink;
    this.#skipBefore = skipBefore;
  }

  readAll(first: number, count: number): void {
    const reader = this.#reader;
    let n = first;
    while (!reader.atEnd) {
      const tag = reader.varint();
      if (tag === TAG.base) {
        this.#step = integer(reader.float64());
        this.#time = integer(reader.float64());
        continue;
      }
      if (tag >= FIRST_SHAPE_TAG) this.#row(n, tag - FIRST_SHAPE_TAG);
      else if (tag === TAG.loose) this.#looseRow(n);
      else if (tag === TAG.event) {
        const json = reader.take(reader.varint());
        if (n >= this.#skipBefore) this.#sink.event(n, json);
      } else if (tag > TAG.loose) throw new NewerPayload(`tag ${tag} is unknown`);
      else throw new RangeError(`tag ${tag} does not belong here`);
      n++;
    }
    if (n - first !== count) throw new RangeError(`the frame holds ${n - first} records and states ${count}`);
  }

  #row(n: number, shape: number): void {
    const reader = this.#reader;
    const keys = this.#definitions.shapes.get(shape);
    if (keys === undefined) throw new RangeError(`shape ${shape} is not defined`);
    this.#advance();
    const length = keys.length;
    const values = this.#room(length);
    const bitmap = reader.skip((length + 7) >> 3);
    const { bytes } = reader;
    for (let i = 0; i < length; i++) {
      const isFloat32 = ((bytes[bitmap + (i >> 3)] as number) >> (i & 7)) & 1;
      values[i] = isFloat32 ? reader.float32() : reader.float64();
    }
    if (n >= this.#skipBefore) this.#sink.row(n, keys, this.#step, this.#time, values);
  }

  #looseRow(n: number): void {
    const reader = this.#reader;
    this.#advance();
    const length = reader.varint();
    if (length > MAX_ROW_KEYS) throw new RangeError("a row has too many keys");
    const keys: string[] = [];
    const values = this.#room(length);
    for (let i = 0; i < length; i++) {
      keys.push(decoder.decode(reader.take(reader.varint())));
      values[i] = reader.float64();
    }
    if (n >= this.#skipBefore) this.#sink.row(n, keys, this.#step, this.#time, values);
  }

  #advance(): void {
    this.#step = integer(this.#step + this.#reader.zigzag());
    this.#time = integer(this.#time + this.#reader.zigzag());
  }

  #room(length: number): Float64Array {
    if (this.#values.length < length) this.#values = new Float64Array(Math.max(length, this.#values.length * 2));
    return this.#values;
  }
}

function integer(value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError("a step or time is not a safe integer");
  return value;
}
