import type { Backend, CallOptions } from "../backend.ts";
import { equalBytes } from "../body.ts";

const STEP = 4 * 1024 * 1024;

/** Whether the object `key` holds exactly `bytes`. It is read in parts, so a large one takes no second copy of itself. */
export async function holdsBytes(
  backend: Backend,
  key: string,
  bytes: Uint8Array,
  options?: CallOptions,
): Promise<boolean> {
  if ((await backend.stat(key, options))?.size !== bytes.byteLength) return false;
  for (let offset = 0; offset < bytes.byteLength; offset += STEP) {
    const part = await backend.read(key, { ...options, range: { offset, length: STEP } });
    if (!equalBytes(part, bytes.subarray(offset, offset + STEP))) return false;
  }
  return true;
}

/** Whether both keys are there and hold the same bytes. */
export async function sameObject(backend: Backend, a: string, b: string, options?: CallOptions): Promise<boolean> {
  const size = (await backend.stat(a, options))?.size;
  if (size === undefined || size !== (await backend.stat(b, options))?.size) return false;
  for (let offset = 0; offset < size; offset += STEP) {
    const range = { offset, length: STEP };
    const part = await backend.read(a, { ...options, range });
    if (!equalBytes(part, await backend.read(b, { ...options, range }))) return false;
  }
  return true;
}
