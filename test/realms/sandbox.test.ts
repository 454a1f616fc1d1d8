import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";

let code: string;
beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { openLedger } from "./src/index.ts";
        import { memoryBackend } from "./src/backends/memory/index.ts";
        export async function track() {
          const backend = memoryBackend();
          const ledger = await openLedger(backend);
          const run = await ledger.startRun({ params: { lr: 0.1 } });
          for (let step = 0; step < 100; step++) run.log({ loss: 1 / (step + 1) }, { step });
          const { digest } = await run.logArtifact("model", new Uint8Array(20_000));
          await run.finish();
          const { status, environment } = await (await openLedger(backend)).getRun(run.id);
          const { values } = await ledger.history(run.id, "loss");
          return [status, values.length, values[99], digest, environment.runtime.name].join(" ");
        }`,
      resolveDir: join(import.meta.dirname, "../.."),
    },
    bundle: true,
    platform: "node",
    format: "iife",
    globalName: "app",
    conditions: ["runledger-source"],
    write: false,
  });
  code = outputFiles[0]!.text;
});

/** What jsdom in Jest has of the platform, or more; the built-in classes are those of the realm itself. */
const COMMON = [
  "AbortController",
  "AbortSignal",
  "crypto",
  "performance",
  "setTimeout",
  "clearTimeout",
  "btoa",
  "atob",
];
const TRACKED = `finished 100 0.01 sha256:${createHash("sha256").update(new Uint8Array(20_000)).digest("hex")}`;
const CODERS = ["TextEncoder", "TextDecoder"];

function realm(names: readonly string[], own: Record<string, unknown> = {}): () => Promise<string> {
  const globals = names.map((name) => [name, (globalThis as Record<string, unknown>)[name]]);
  const context = createContext({
    require: createRequire(import.meta.url),
    ...Object.fromEntries(globals),
    ...own,
  });
  return runInContext(`${code}; app.track`, context) as () => Promise<string>;
}

describe("a realm with built-in classes of its own", () => {
  test("tracks a run where the coders of text are those of another realm", async () => {
    expect(await realm([...COMMON, ...CODERS])()).toBe(`${TRACKED} web`);
  });

  test("takes the coders of Node where the realm has none", async () => {
    const { getBuiltinModule, versions } = process;
    expect(await realm(COMMON, { process: { getBuiltinModule, versions } })()).toBe(`${TRACKED} node`);
  });

  test.each(CODERS)("says what to do where there is no %s and no process", async (missing) => {
    const names = [...COMMON, ...CODERS.filter((name) => name !== missing)];
    await expect((async () => await realm(names)())()).rejects.toEqual(
      expect.objectContaining({
        code: "UNSUPPORTED",
        message: `runledger needs a ${missing}: set globalThis.${missing} before the import, for example to that of node:util`,
      }),
    );
  });
});

test("a system that answers no question, as Deno without --allow-sys, leaves out what it does not tell", async () => {
  const refuse = (): never => {
    throw new Error("Requires sys access");
  };
  const os = {
    platform: () => "linux",
    release: refuse,
    arch: () => "x64",
    cpus: refuse,
    availableParallelism: () => 4,
    totalmem: refuse,
  };
  const getBuiltinModule = (name: string): unknown => (name === "node:os" ? os : process.getBuiltinModule(name));
  expect(await realm(COMMON, { process: { getBuiltinModule, versions: { deno: "2.9.6" } } })()).toBe(`${TRACKED} deno`);
});
