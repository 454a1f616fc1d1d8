import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { describePlatform, newJob, programIn, whyMissing } from "./expectations.ts";
import type { Report } from "./report.ts";

/** What is used of miniflare, which runs workerd, the runtime of Cloudflare's workers. */
interface Miniflare {
  dispatchFetch(url: string, init: { method: string; body: string }): Promise<Response>;
  dispose(): Promise<void>;
}

const directory = programIn("WORKERD");
let report: Report;
let version: string;
let workers: Miniflare | undefined;

beforeAll(async () => {
  if (directory === undefined) return;
  const installed = createRequire(join(directory, "package.json"));
  const { Miniflare } = installed("miniflare") as { Miniflare: new (options: object) => Miniflare };
  ({ version } = installed("workerd/package.json") as { version: string });
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "worker.ts")],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["runledger-source", "workerd", "worker"],
    write: false,
  });
  const script = outputFiles[0]!.text;
  workers = new Miniflare({ modules: true, script, compatibilityDate: "2026-01-01", host: "127.0.0.1", port: 0 });
  const answer = await workers.dispatchFetch("http://localhost/", {
    method: "POST",
    body: JSON.stringify(await newJob()),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the worker failed: ${text}`);
  report = JSON.parse(text) as Report;
});

afterAll(() => workers?.dispose());

describe("workerd", () => {
  const missing = directory === undefined ? whyMissing("WORKERD") : undefined;
  describePlatform(["memory", "s3"], missing, () => report, {
    version: () => version,
    backend: "memory",
    environment: { runtime: { name: "web", version: expect.stringContaining("Cloudflare") } },
  });
});
