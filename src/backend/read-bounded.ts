import type { Backend, CallOptions } from "./backend.ts";
import { concatBytes } from "./body.ts";
import { LedgerError } from "../errors/ledger-error.ts";

/** What is read before the size is known. Where objects can be appended to they are near: another request costs little, memory more. */
const FIRST_BYTES = { near: 64 * 1024, far: 1024 * 1024 } as const;

/**
 * Returns the bytes of an object that a writer of this library makes no longer than `most`. Throws `CORRUPT` for a longer one, of which it
 * reads only the beginning: the writer of an object decides its size, and may be hostile. One request for most objects, three for a
 * long one.
 */
export async function readBounded(
  backend: Backend,
  key: string,
  most: number,
  options?: CallOptions,
): Promise<Uint8Array> {
  const first = Math.min(most + 1, backend.capabilities.append ? FIRST_BYTES.near : FIRST_BYTES.far);
  const head = await backend.read(key, { ...options, range: { offset: 0, length: first } });
  if (head.length < first) return head;
  const found = head.length > most ? undefined : await backend.stat(key, options);
  const size = found?.size ?? head.length;
  if (size > most)
    throw new LedgerError("CORRUPT", `${key} is damaged: it has more than the ${most} bytes that it may have`, { key });
  if (size === head.length) return head;
  const rest = await backend.read(key, { ...options, range: { offset: first, length: size - first } });
  if (rest.length === size - first) return concatBytes([head, rest]);
  throw new LedgerError("IO", `${key} changed while it was read`, { key, operation: "read" });
}
