import { utf8Encoder } from "../bytes/utf8.ts";
import { concatBytes } from "../backend/body.ts";
import { builtinModule } from "../platform/builtin-module.ts";

interface NodeCrypto {
  createHash(algorithm: string): NodeHash;
}

interface NodeHash {
  update(bytes: Uint8Array): NodeHash;
  digest(): Uint8Array;
}

/** Returns the id that git gives a file of these bytes. */
export async function blobId(bytes: Uint8Array, format: "sha1" | "sha256"): Promise<string> {
  const header = utf8Encoder().encode(`blob ${bytes.length}\0`);
  const crypto = builtinModule<NodeCrypto>("node:crypto");
  const hash = crypto
    ? crypto.createHash(format).update(header).update(bytes).digest()
    : new Uint8Array(
        await globalThis.crypto.subtle.digest(
          format === "sha1" ? "SHA-1" : "SHA-256",
          concatBytes([header, bytes]) as Uint8Array<ArrayBuffer>,
        ),
      );
  let hex = "";
  for (const byte of hash) hex += byte.toString(16).padStart(2, "0");
  return hex;
}
