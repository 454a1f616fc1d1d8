import { builtinModule } from "../platform/builtin-module.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { Sha256Module } from "./digest.ts";

const portable = /* @__PURE__ */ onDemand(() => import("./sha256-portable.ts"));

/** SHA-256 by the fastest way of this platform. */
export async function loadSha256(): Promise<Sha256Module> {
  const crypto = builtinModule<NodeCrypto>("node:crypto");
  return crypto ? nodeSha256(crypto) : await portable();
}

/** What is used of `node:crypto`. */
export interface NodeCrypto {
  createHash(algorithm: "sha256"): NodeHash;
}

interface NodeHash {
  update(bytes: Uint8Array): NodeHash;
  digest(encoding: "hex"): string;
}

/** SHA-256 by `node:crypto`. */
export function nodeSha256(crypto: NodeCrypto): Sha256Module {
  return {
    createSha256: () => {
      const hash = crypto.createHash("sha256");
      return {
        update: (bytes) => void hash.update(bytes),
        digestHex: () => hash.digest("hex"),
      };
    },
    sha256Hex: async (bytes) => crypto.createHash("sha256").update(bytes).digest("hex"),
  };
}
