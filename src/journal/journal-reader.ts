import type { Backend, CallOptions } from "../backend/backend.ts";
import { isError } from "../platform/any-realm.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { Damage } from "./damage.ts";
import type { EventDecoder } from "./decode-event.ts";
import type { RunEvent } from "./event.ts";
import { decodePayload, Definitions, NewerPayload, recordRange } from "./decode-payload.ts";
import { SEGMENT_MAGIC, type SegmentEntry, segmentSeed } from "./segment.ts";
import { readAhead } from "./read-ahead.ts";
import { type Piece, readSegment } from "./segment-reader.ts";

/** Gets the records of a writer in its own order, each once. The arrays are reused. */
export interface JournalVisitor {
  row(n: number, keys: readonly string[], step: number, time: number, values: Float64Array): void;
  event(n: number, event: RunEvent): void;
  damage(damage: Damage): void;
  /** Called when a segment was read up to byte `end`. It may have grown since it was listed. */
  end?(seq: number, end: number): void;
}

/**
 * Reads segments of one writer from record `from` on. Resolves with the number after the last record. The visitor gets
 * a record once, even if two segments have it because its first write was not acknowledged. The visitor also gets
 * damage, and the intact records around it. Without `decode` it skips events: loading their checks costs more than the
 * reader. Rejects with `NOT_FOUND` if a segment is gone: then the run was compacted, and must be listed again.
 */
export async function readWriter(
  backend: Backend,
  runId: string,
  segments: readonly SegmentEntry[],
  visitor: JournalVisitor,
  options?: CallOptions,
  from = 0,
  decode?: EventDecoder,
): Promise<number> {
  const steps = readWriterInSteps(backend, runId, segments, visitor, options, from, decode);
  for (;;) {
    const step = await steps.next();
    if (step.done) return step.value;
  }
}

/** Does the same as {@link readWriter}, a piece of a segment at a time. */
export async function* readWriterInSteps(
  backend: Backend,
  runId: string,
  segments: readonly SegmentEntry[],
  visitor: JournalVisitor,
  options?: CallOptions,
  from = 0,
  decode?: EventDecoder,
): AsyncGenerator<void, number, undefined> {
  const source = readAhead(backend, segments, options);
  let next = from;
  for (const [index, segment] of segments.entries()) {
    const reader = new SegmentVisit(segment.key, visitor, next, decode);
    reader.end = segment.end ?? reader.end;
    let end = SEGMENT_MAGIC.length;
    for await (const piece of readSegment(source, segment.key, segmentSeed(runId, segment), options)) {
      end = piece.to;
      if (piece.kind === "frame") reader.frame(piece.payload, piece.from, piece.to);
      else if (piece.kind === "gap") reader.gap(piece);
      else reader.tail(piece, index === segments.length - 1);
      yield;
    }
    next = reader.next;
    visitor.end?.(segment.seq, end);
  }
  return next;
}

/** Passes the records of one segment to a visitor, piece by piece. */
export class SegmentVisit {
  readonly #key: string;
  readonly #visitor: JournalVisitor;
  readonly #decode: EventDecoder | undefined;
  readonly #definitions = new Definitions();
  next: number;
  /** Records from this number on do not count: their writer was shut out before they were acknowledged. */
  end: number = Number.POSITIVE_INFINITY;

  constructor(key: string, visitor: JournalVisitor, next: number, decode?: EventDecoder) {
    this.#decode = decode;
    this.#key = key;
    this.#visitor = visitor;
    this.next = next;
  }

  frame(payload: Uint8Array, from: number, to: number): void {
    try {
      const range = recordRange(payload);
      if (range !== undefined && range.first >= this.end) return;
      if (range !== undefined && range.first > this.next) this.#missing(range.first, from);
      decodePayload(payload, this.#definitions, this.#sink, this.next);
      if (range !== undefined) this.next = Math.max(this.next, Math.min(range.first + range.count, this.end));
    } catch (error) {
      if (!isDecodingError(error)) throw error;
      const kind = error instanceof NewerPayload ? "newer" : "corrupt";
      this.#report(kind, `${this.#key}: bytes ${from} to ${to} cannot be decoded: ${error.message}`, from, to);
    }
  }

  gap({ from, to, isNewer }: Omit<Extract<Piece, { kind: "gap" }>, "kind">): void {
    if (isNewer) this.#report("newer", `${this.#key} is of a version that this library does not know`, from, to);
    else this.#report("corrupt", `${this.#key}: bytes ${from} to ${to} are damaged`, from, to);
  }

  tail({ torn, from, to }: { torn: boolean; from: number; to: number }, isLast: boolean): void {
    // A failed append ends a segment, and the same records begin the next one. If they were lost, numbers would be
    // missing there.
    if (torn || !isLast)
      this.#report("torn-tail", `${this.#key}: the last ${to - from} bytes are an incomplete write`, from, to);
    else
      this.#report(
        "unreadable-tail",
        `${this.#key}: bytes ${from} to ${to} are damaged, and nothing readable follows`,
        from,
        to,
      );
  }

  #missing(first: number, from: number): void {
    this.#visitor.damage({
      kind: "missing",
      key: this.#key,
      message: `${this.#key}: records ${this.next} to ${first - 1} of this writer are nowhere`,
      from,
      to: from,
    });
    this.next = first;
  }

  #report(kind: Damage["kind"], message: string, from: number, to: number): void {
    if (this.next >= this.end) return;
    this.#visitor.damage({ kind, key: this.#key, message, from, to });
  }

  readonly #sink = {
    row: (n: number, keys: readonly string[], step: number, time: number, values: Float64Array): void => {
      if (n >= this.end) return;
      this.#visitor.row(n, keys, step, time, values);
      this.next = n + 1;
    },
    event: (n: number, json: Uint8Array): void => {
      if (n >= this.end) return;
      const decoded = this.#decode?.(json);
      this.next = n + 1;
      if (decoded === undefined) return;
      if ("event" in decoded) this.#visitor.event(n, decoded.event);
      else
        this.#visitor.damage({
          kind: "unknown",
          key: this.#key,
          message: `${this.#key}: record ${n} is of a kind that this version does not know: ${decoded.unknown}`,
        });
    },
  };
}

/** Returns whether damaged bytes cause an error, not a fault of the program. */
export function isDecodingError(error: unknown): error is Error {
  return LedgerError.is(error) || (isError(error) && (error.name === "RangeError" || error.name === "TypeError"));
}
