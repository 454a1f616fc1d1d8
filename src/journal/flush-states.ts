import { encodeJson } from "../bytes/encode-json.ts";
import { utf8Encoder } from "../bytes/utf8.ts";
import { writeVarint } from "../bytes/varint.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { decodeEvent } from "./decode-event.ts";
import { decodePayload, Definitions, type RecordSink } from "./decode-payload.ts";
import type { PendingFrame } from "./frame-builder.ts";
import { encodeRunCreated, type RunCreated } from "./run-created.ts";
import { PAYLOAD } from "./shape.ts";
import { storeFold } from "./stored-fold.ts";
import { WriterFolder } from "./writer-fold.ts";

function jsonOf(state: object): Uint8Array | undefined {
  try {
    return utf8Encoder().encode(encodeJson(state, "state"));
  } catch (error) {
    // The params of the run are as deep as JSON may be.
    if (LedgerError.is(error)) return undefined;
    throw error;
  }
}

/** A longer state is left out. */
export const MAX_STATE_BYTES: number = 16 * 1024;
/** With more metrics a state would be longer. */
const MAX_METRICS = 200;

/**
 * Makes the states that objects of a journal begin with: the fold of the records before the object, and the beginning
 * of the run. So a reader of the newest object needs no other one.
 */
export class FlushStates {
  readonly #created: RunCreated;
  readonly #writer: string;
  readonly #folder = new WriterFolder();
  #next = 0;
  /** The last flush whose records are folded. */
  seq = -1;

  constructor(created: RunCreated, writer: string) {
    this.#created = created;
    this.#writer = writer;
  }

  /** Folds records that are not folded yet. `seq`: of the last flush with one of these frames. */
  add(frames: readonly PendingFrame[], seq: number): void {
    for (const { first, count, body, length, shapes } of frames) {
      if (first + count <= this.#next) continue;
      const definitions = new Definitions();
      for (const { id, keys } of shapes) definitions.shapes.set(id, keys);
      const head = new Uint8Array(20);
      head[0] = PAYLOAD.records;
      const end = writeVarint(head, writeVarint(head, 1, first), count);
      const payload = new Uint8Array(end + length);
      payload.set(head.subarray(0, end));
      payload.set(body.subarray(0, length), end);
      decodePayload(payload, definitions, this.#sink, this.#next);
      this.#next = first + count;
    }
    this.seq = seq;
  }

  /** Returns the state for an object that begins with the first record. `undefined`: it is too long. */
  first(): Uint8Array | undefined {
    return this.#encode(0, {});
  }

  /** Returns the state for an object that begins after the folded records. `undefined`: it is too long. */
  now(): Uint8Array | undefined {
    if (this.#folder.size.chars > MAX_STATE_BYTES) return undefined;
    const fold = this.#folder.fold(this.#writer, this.#next, this.#created);
    if (fold.summaries.size > MAX_METRICS || fold.damage.length > 0) return undefined;
    return this.#encode(this.#next, { fold: storeFold(fold, false) });
  }

  #encode(next: number, fold: object): Uint8Array | undefined {
    if (encodeRunCreated(this.#created).length > MAX_STATE_BYTES) return undefined;
    const json = jsonOf({ run: this.#created, ...fold });
    if (json === undefined) return undefined;
    const payload = new Uint8Array(10 + json.length);
    payload[0] = PAYLOAD.state;
    const at = writeVarint(payload, 1, next);
    payload.set(json, at);
    const end = at + json.length;
    return end > MAX_STATE_BYTES ? undefined : payload.subarray(0, end);
  }

  readonly #sink: RecordSink = {
    row: (n, keys, step, time, values) => this.#folder.row(n, keys, step, time, values),
    event: (n, json) => {
      const decoded = decodeEvent(json);
      if ("event" in decoded) this.#folder.event(n, decoded.event);
    },
  };
}
