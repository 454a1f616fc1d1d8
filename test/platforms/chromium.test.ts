import { expect } from "vitest";
import { openInChromium } from "../servers/chromium.ts";
import { describeBrowser } from "./browser-platform.ts";
import { programVersion } from "./expectations.ts";

describeBrowser({
  name: "Chromium",
  variable: "CHROMIUM",
  open: openInChromium,
  version: programVersion,
  // In a worker, "opfs-async" does the same as in a page.
  storages: { page: ["opfs-sync", "opfs-async", "indexeddb"], worker: ["opfs-sync", "indexeddb"] },
  chosen: "opfs-sync",
  environment: { runtime: { name: "web", version: expect.stringContaining("Chrome/") }, cores: expect.any(Number) },
});
