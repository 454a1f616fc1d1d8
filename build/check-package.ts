// tsx build/check-package.ts: packs the package and has publint and are-the-types-wrong judge what users get.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMONJS_ENTRIES } from "./commonjs-entries.ts";

const ESM_ONLY = [
  "backends/fs",
  "backends/opfs",
  "backends/http",
  "backends/s3",
  "conformance",
  "files",
  "git",
  "node",
  "duckdb",
  "tfjs",
];

const directory = mkdtempSync(join(tmpdir(), "runledger-package-"));
const run = (name: string, ...args: string[]): void => {
  execFileSync(name, args, { stdio: "inherit", shell: process.platform === "win32" });
};
try {
  run("npm", "pack", "--silent", "--pack-destination", directory);
  const tarball = join(directory, readdirSync(directory)[0] as string);
  run("publint", "--strict", tarball);
  const names = COMMONJS_ENTRIES.map((entry) => entry.replace(/\/?index$/, "") || ".");
  run("attw", tarball, "--profile", "node16", "--entrypoints", ...names);
  run("attw", tarball, "--profile", "esm-only", "--entrypoints", ...ESM_ONLY);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
