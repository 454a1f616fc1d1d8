import { builtinModule } from "../../platform/builtin-module.ts";
import { onDemand } from "../../platform/on-demand.ts";
import { type NodeCrypto, nodeSha256 } from "./node.ts";
import type { Sha256Module } from "./sha256.ts";

const portable = /* @__PURE__ */ onDemand(() => import("./portable.ts"));

/** SHA-256 by the fastest way of this platform. */
export async function loadSha256(): Promise<Sha256Module> {
  const crypto = builtinModule<NodeCrypto>("node:crypto");
  return crypto ? nodeSha256(crypto) : await portable();
}
