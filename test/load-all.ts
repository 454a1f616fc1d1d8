import { afterAll, vi } from "vitest";
import { loadAll } from "../src/platform/on-demand.ts";

// Files of tests share the modules of their process. An import that is under way when a file ends fails, for all files
// after it too. So nothing is left that background work of a file could import later.
afterAll(async () => {
  await loadAll();
  await vi.dynamicImportSettled();
});
