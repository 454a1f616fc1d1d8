import type { ConformanceHarness } from "../../conformance/harness.ts";
import type { BrowserStorage } from "./browser-storage.ts";

/** Places in one kind of storage, each in a folder or a database of its own. */
const harness = (storage: BrowserStorage): ConformanceHarness => ({
  name: storage,
  runsIn: ["browser"],
  async setup() {
    const { opfsBackend } = await import("./backend.ts");
    const directory = `conformance/${crypto.randomUUID()}`;
    return {
      open: () => opfsBackend({ directory, storage: [storage] }),
      async teardown() {
        indexedDB.deleteDatabase(`runledger-tails:${directory}`);
        if (storage === "indexeddb") return void indexedDB.deleteDatabase(`runledger:${directory}`);
        const root = await navigator.storage.getDirectory();
        const parent = await root.getDirectoryHandle("conformance", { create: true });
        await parent.removeEntry(directory.slice("conformance/".length), { recursive: true }).catch(() => {}); // A skipped case made none.
      },
    };
  },
});

export const harnesses: readonly ConformanceHarness[] = ["opfs-sync", "opfs-async", "indexeddb"].map((storage) =>
  harness(storage as BrowserStorage),
);
