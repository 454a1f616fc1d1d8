import type { Sha256Module } from "./sha256.ts";

/** Loads the implementation of this platform on first use. */
export function loadSha256(): Promise<Sha256Module> {
  return import("#sha256");
}
