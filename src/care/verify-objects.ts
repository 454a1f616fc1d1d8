import type { Backend } from "../backend/backend.ts";
import { parseDigest } from "../bytes/digest.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { gate } from "../platform/bounded.ts";
import { type ExpectedObject, checkBytes, checkSize } from "./check-object.ts";
import type { CheckedBlobs } from "./checked-blobs.ts";
import type { TrustedKeys } from "../seal/trusted-keys.ts";
import { type FindingsSink, problemOf } from "./findings.ts";

/** What the parts of a verification share. */
export interface VerifyContext {
  readonly backend: Backend;
  readonly findings: FindingsSink;
  /** The keys whose signatures count. */
  readonly keys: TrustedKeys;
  readonly blobs: CheckedBlobs;
  /** Returns whether the bytes of the next object are read. */
  readonly readsData: () => boolean;
  /** Lets few large objects be read at a time, because each holds megabytes. */
  readonly largeGate: ReturnType<typeof gate>;
  readonly signal: AbortSignal | undefined;
}

/** The number of bytes from which an object is large. */
const LARGE_BYTES = 4 * 1024 * 1024;
/** How many large objects are read at a time. */
export const LARGE_AT_ONCE = 2;

/** How many objects of one run are verified at a time. */
const OBJECTS_AT_ONCE = 4;

/**
 * Verifies objects, a few at a time. `advice`: what to do about a problem. If the iteration throws the error of a store
 * or of a damaged record, that is one more problem, of the object `key` unless the error names another.
 */
export async function verifyObjects(
  context: VerifyContext,
  objects: AsyncIterable<ExpectedObject>,
  key: string,
  advice: string,
): Promise<void> {
  const { signal, findings } = context;
  const iterator = objects[Symbol.asyncIterator]();
  let isOver = false;
  const work = async (): Promise<void> => {
    while (!isOver) {
      signal?.throwIfAborted();
      let next: IteratorResult<ExpectedObject>;
      try {
        next = await iterator.next();
      } catch (error) {
        isOver = true;
        signal?.throwIfAborted();
        if (LedgerError.hasCode(error, "RUN_NOT_FOUND")) throw error;
        findings.add(problemOf(error, key, advice));
        return;
      }
      if (next.done === true) isOver = true;
      else await verifyObject(context, next.value, advice);
    }
  };
  try {
    await Promise.all(Array.from({ length: OBJECTS_AT_ONCE }, work));
  } finally {
    isOver = true;
  }
}

/** Verifies one object. Rejects only with the reason of the signal. */
export async function verifyObject(context: VerifyContext, object: ExpectedObject, advice: string): Promise<void> {
  const { backend, findings, blobs, signal } = context;
  const { key, size, digest } = object;
  const hex = key.startsWith("blobs/") && digest !== undefined ? parseDigest(digest) : undefined;
  // Nothing recorded it, and its writer may add to it or remove it meanwhile. Those who read the run look at its bytes.
  if (digest === undefined) return findings.count(0);
  const known = hex === undefined ? undefined : blobs.sizeOf(hex);
  if (known !== undefined) {
    if (known === size) return;
    findings.add({ kind: "size", key, message: `${key} has ${known} bytes, but ${size} are recorded. ${advice}` });
    return;
  }
  try {
    const reads = context.readsData();
    const check = () => (reads ? checkBytes : checkSize)(backend, object, signal);
    const { bytes, problem } = await (reads && size >= LARGE_BYTES ? context.largeGate(check) : check());
    findings.count(bytes);
    if (problem?.kind === "missing" && object.mayGo) return;
    if (problem) findings.add({ ...problem, key, message: `${problem.message}. ${advice}` });
    else if (hex !== undefined && reads) blobs.add(hex, size);
  } catch (error) {
    signal?.throwIfAborted();
    if (LedgerError.hasCode(error, "INVALID_ARGUMENT")) throw error; // Of the listener.
    findings.count(0);
    const problem = problemOf(error, key, advice);
    if (problem.kind !== "missing" || !object.mayGo) findings.add(problem);
  }
}
