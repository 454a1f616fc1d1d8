import { afterAll, vi } from "vitest";
import { loadsHaveEnded } from "../src/platform/on-demand.ts";

// Files of tests share the modules of their process. An import that a file leaves behind would fail for all others.
afterAll(async () => {
  await loadsHaveEnded();
  await vi.dynamicImportSettled();
});
