import { LedgerError } from "../errors/ledger-error.ts";
import { Intake } from "./intake.ts";
import type { Sha256 } from "../bytes/digest.ts";
import type { Content } from "./source.ts";

/** What a second reading must give. `key` is that of a stored object, when it is one that is read. */
export interface Check {
  readonly hash: Sha256;
  readonly hex: string;
  readonly key?: string;
}

/** Yields exactly `size` bytes. Looks at the digest before the last chunk goes out, so that a wrong content is never stored whole. */
export async function* checked(
  intake: Intake,
  size: number,
  check: Check | undefined,
  tell?: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for (let chunk = await intake.next(); chunk !== undefined; chunk = await intake.next()) {
    bytes += chunk.byteLength;
    if (bytes > size) throw intake.fail(changed(check?.key));
    check?.hash.update(chunk);
    if (bytes === size && check !== undefined && check.hash.digestHex() !== check.hex)
      throw intake.fail(changed(check.key));
    yield chunk;
    try {
      tell?.(chunk.byteLength);
    } catch (error) {
      throw intake.fail(error);
    }
  }
  if (bytes < size) throw intake.fail(changed(check?.key));
}

/** Hands every chunk to `take`. `CONFLICT` unless they are `size` bytes together. */
export async function drain(intake: Intake, take: (chunk: Uint8Array) => void, size: number): Promise<void> {
  try {
    let bytes = 0;
    for (let chunk = await intake.next(); chunk !== undefined; chunk = await intake.next()) {
      bytes += chunk.byteLength;
      if (bytes > size) break;
      take(chunk);
    }
    if (bytes !== size) throw changed();
  } finally {
    intake.close();
  }
}

/** All bytes of a content that can be opened again. `CONFLICT` when it is not as long as it said. */
export async function readWhole(
  content: Content & { kind: "reopenable" },
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(content.size);
  let at = 0;
  const take = (chunk: Uint8Array): void => {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  };
  await drain(new Intake(() => content.open(signal), signal), take, content.size);
  return bytes;
}

function changed(key?: string): LedgerError {
  if (key !== undefined)
    return new LedgerError("CORRUPT", `${key} does not hold the bytes that were written to it`, { key });
  return new LedgerError("CONFLICT", "the source changed while it was read; nothing of it was stored", {
    field: "source",
  });
}
