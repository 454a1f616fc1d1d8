import type { Backend } from "../../src/backend/backend.ts";
import { parseRunDocumentKey } from "../../src/journal/run-document.ts";

/** The same place, but journals stay when a run is compacted. */
export function keepingJournals(inner: Backend): Backend {
  return new Proxy(inner, {
    get(target, name) {
      if (name === "remove") {
        return async (key: string): Promise<void> => {
          if (!key.includes("/journal/")) await target.remove(key);
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Removes everything that was made from the journals of a run. */
export async function forgetCompaction(place: Backend, runId: string): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of place.list(`runs/${runId}`)) keys.push(key);
  for (const key of keys) {
    if (parseRunDocumentKey(key) !== undefined || key.startsWith(`runs/${runId}/metrics`)) await place.remove(key);
  }
}
