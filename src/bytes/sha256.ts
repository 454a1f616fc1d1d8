import { builtinModule } from "../platform/builtin-module.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { Sha256Module } from "./digest.ts";

/** The number of bytes that are hashed in a few milliseconds. After each such part, other work goes on. */
const PIECE_BYTES = 4 * 1024 * 1024;

const portable = /* @__PURE__ */ onDemand(() => import("./sha256-portable.ts"));

/** Returns the fastest SHA-256 of this platform: that of `node:crypto` if there is one, else a portable one. */
export async function loadSha256(): Promise<Sha256Module> {
  const crypto = builtinModule<NodeCrypto>("node:crypto");
  return crypto ? nodeSha256(crypto) : await portable();
}

/** The members of `node:crypto` that are used. */
export interface NodeCrypto {
  createHash(algorithm: "sha256"): NodeHash;
}

interface NodeHash {
  update(bytes: Uint8Array): NodeHash;
  digest(encoding: "hex"): string;
}

/** Returns a SHA-256 that uses `node:crypto`. */
export function nodeSha256(crypto: NodeCrypto): Sha256Module {
  return {
    createSha256: () => {
      const hash = crypto.createHash("sha256");
      return {
        update: (bytes) => void hash.update(bytes),
        digestHex: () => hash.digest("hex"),
      };
    },
    async sha256Hex(bytes) {
      const hash = crypto.createHash("sha256");
      for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
        if (start > 0) await breakIfDue();
        hash.update(bytes.subarray(start, start + PIECE_BYTES));
      }
      return hash.digest("hex");
    },
  };
}
