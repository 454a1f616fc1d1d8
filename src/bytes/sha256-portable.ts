import { isArrayBuffer } from "../platform/any-realm.ts";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Sha256 } from "./digest.ts";

/** For fewer bytes, a call to WebCrypto takes longer than hashing in JavaScript. */
const SUBTLE_FROM_BYTES = 16 * 1024;

/** Returns a SHA-256 in plain JavaScript, because WebCrypto cannot hash in steps. */
export function createSha256(): Sha256 {
  const hash = sha256.create();
  return {
    update: (bytes) => void hash.update(bytes),
    digestHex: () => bytesToHex(hash.digest()),
  };
}

export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  // Pages without https have no `subtle`, and `subtle` refuses shared memory.
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle !== undefined && bytes.byteLength >= SUBTLE_FROM_BYTES && isArrayBuffer(bytes.buffer)) {
    return bytesToHex(new Uint8Array(await subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)));
  }
  return bytesToHex(sha256(bytes));
}
