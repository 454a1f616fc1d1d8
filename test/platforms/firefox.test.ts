import { expect } from "vitest";
import { openInFirefox } from "../servers/firefox.ts";
import { describeBrowser } from "./browser-platform.ts";
import { programVersion } from "./expectations.ts";

describeBrowser({
  name: "Firefox",
  variable: "FIREFOX",
  open: openInFirefox,
  version: programVersion,
  storages: { page: ["opfs-sync", "opfs-async", "indexeddb"], worker: ["opfs-sync", "indexeddb"] },
  chosen: "opfs-sync",
  environment: { runtime: { name: "web", version: expect.stringContaining("Firefox/") }, cores: expect.any(Number) },
});
