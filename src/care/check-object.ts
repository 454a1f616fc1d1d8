import { readRanges } from "../artifacts/read-ranges.ts";
import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import type { VerificationProblem } from "./verification.ts";

/** An object with what was recorded about it. */
export interface ExpectedObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** `sha256:<hex>`. Absent if nothing recorded it. */
  readonly digest?: string | undefined;
  /** Its writer may remove it meanwhile. */
  readonly mayGo?: true;
  /** Called if it has more bytes than were recorded, which is no problem then. Only those that were recorded are read. */
  readonly onLonger?: (() => void) | undefined;
}

/** What was found out about an object. */
interface ObjectCheck {
  /** How many bytes were read. */
  readonly bytes: number;
  readonly problem?: Omit<VerificationProblem, "key"> | undefined;
}

/** Compares the size of an object with what was recorded. Rejects as the backend does. */
export async function checkSize(
  backend: Backend,
  { key, size, onLonger }: ExpectedObject,
  signal: AbortSignal | undefined,
): Promise<ObjectCheck> {
  const found = await backend.stat(key, callOptions(signal));
  if (found === undefined) return { bytes: 0, problem: { kind: "missing", message: `${key} is missing` } };
  if (found.size === size) return { bytes: 0 };
  if (onLonger && found.size > size) {
    onLonger();
    return { bytes: 0 };
  }
  return { bytes: 0, problem: wrongSize(key, size, `${found.size}`) };
}

/**
 * Reads an object in ranges of 4 MiB, the next one while one is hashed, and compares size and SHA-256 with what was
 * recorded. Rejects as the backend does.
 */
export async function checkBytes(
  backend: Backend,
  expected: ExpectedObject,
  signal: AbortSignal | undefined,
): Promise<ObjectCheck> {
  const { key, size, digest } = expected;
  // A recorded size may be wrong by far. Nothing is read of an object that has another one.
  const sized = await checkSize(backend, expected, signal);
  if (sized.problem) return sized;
  const { createSha256 } = await loadSha256();
  const hash = createSha256();
  const parts = readRanges(backend, key, size, signal);
  let bytes = 0;
  let next = parts.next();
  for (;;) {
    const { done, value } = await next;
    if (done) break;
    next = parts.next();
    // A failure of the next read is met in the next turn.
    next.catch(() => {});
    hash.update(value);
    bytes += value.length;
    const pause = breakIfDue();
    if (pause) await pause;
  }
  if (digest === undefined || formatDigest(hash.digestHex()) === digest) return { bytes };
  return { bytes, problem: { kind: "digest", message: `${key} does not have the bytes that were recorded` } };
}

function wrongSize(key: string, size: number, found: string): ObjectCheck["problem"] {
  return { kind: "size", message: `${key} should have ${size} bytes, but has ${found}` };
}
