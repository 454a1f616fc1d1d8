import type { Backend, CallOptions } from "./backend.ts";
import { concatBytes } from "./body.ts";
import { LedgerError } from "../errors/ledger-error.ts";

/**
 * Bytes of the first read. A store with `append` is near: there another request costs little, and memory costs more.
 */
const FIRST_BYTES = { near: 64 * 1024, far: 1024 * 1024 } as const;

/**
 * Returns the bytes of an object, which this library never writes longer than `most`. Throws `CORRUPT` for a longer
 * one, and reads only its beginning, because its writer may be hostile. Makes one request for most objects, and three
 * for a long one.
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
  const found = head.length > most ? { size: head.length } : await backend.stat(key, options);
  // A newer object has replaced it meanwhile. What was read is only its beginning.
  if (found === undefined) throw new LedgerError("NOT_FOUND", `${key} was removed while it was read`, { key });
  const { size } = found;
  if (size > most) throw new LedgerError("CORRUPT", `${key} is damaged: it has more than ${most} bytes`, { key });
  if (size === head.length) return head;
  const rest = await backend.read(key, { ...options, range: { offset: first, length: size - first } });
  if (rest.length === size - first) return concatBytes([head, rest]);
  throw new LedgerError("IO", `${key} changed while it was read`, { key, operation: "read" });
}
