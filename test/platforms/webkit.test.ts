import { expect } from "vitest";
import { openInWebKit, webkitVersion } from "../servers/webkit.ts";
import { describeBrowser } from "./browser-platform.ts";

// WebKitGTK has `navigator.storage` only as an experiment, and then neither sync access handles nor `createWritable`.
describeBrowser({
  name: "WebKitGTK",
  variable: "WEBKIT",
  open: openInWebKit,
  version: webkitVersion,
  storages: { page: ["indexeddb"], worker: ["indexeddb"] },
  chosen: "indexeddb",
  environment: { runtime: { name: "web", version: expect.stringContaining("Safari/") }, cores: expect.any(Number) },
});
