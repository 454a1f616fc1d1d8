import { createHash } from "node:crypto";
import type { Backend, Ledger } from "../../src/index.ts";

/** Returns the objects of a store by key. */
export async function objectsOf(backend: Backend, prefix = ""): Promise<Map<string, Uint8Array>> {
  const objects = new Map<string, Uint8Array>();
  const keys: string[] = [];
  for await (const { key } of backend.list(prefix)) keys.push(key);
  for (const key of keys) objects.set(key, await backend.read(key));
  return objects;
}

/** Returns the sizes and digests of what belongs to runs and artifacts, by key: without the catalogue, which each ledger arranges as it likes. */
export async function contentsOf(
  backend: Backend,
): Promise<Map<string, { readonly size: number; readonly hex: string }>> {
  const contents = new Map<string, { size: number; hex: string }>();
  for (const [key, bytes] of await objectsOf(backend)) {
    if (key.startsWith("experiments/") || key === "ledger.json") continue;
    contents.set(key, { size: bytes.length, hex: createHash("sha256").update(bytes).digest("hex") });
  }
  return contents;
}

/** Returns what searches show of all runs, also of deleted ones. */
export async function shown(ledger: Ledger): Promise<unknown[]> {
  const runs: unknown[] = [];
  for await (const run of ledger.iterateRuns({ view: "all", orderBy: "start_time ASC" })) {
    const histories = await ledger.histories(run.id);
    runs.push([run, [...histories].sort(([a], [b]) => (a < b ? -1 : 1))]);
  }
  return runs;
}
