import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { RunCompressor } from "../src/parquet/run-compressor.ts";
import { openLedger as openFromSources } from "../src/index.ts";
import { memoryBackend as memoryFromSources } from "../src/backends/memory/index.ts";
import { CHROMIUM, withPage } from "./chromium/page.ts";
import type { Contender, Took } from "./deflate/measure.ts";
import { packPages, packWorkload, type PointsPage } from "./deflate/packed.ts";
import { DIST } from "./library.ts";
import type { Section } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { logCalls, makeWorkload, type Workload, type WorkloadName } from "./workloads.ts";

const ROUNDS = 2;
const WORKLOADS: readonly WorkloadName[] = ["W1", "W2", "W3"];
const OTHERS: readonly Contender[] = ["zlib", "zlib, async", "CompressionStream", "fflate"];

type Measure = (file: string, what: string) => Promise<(Took & { bytes?: number }) | null>;

/** The own deflate against what each platform has. `BUN` and `DENO` name the programs; see CONTRIBUTING.md. */
export async function deflate(): Promise<Section> {
  const table = [["", "", "compressor", "cold", "warm", "finish() with it, cold", "warm", "bytes"]];
  await withScratch(async (directory) => {
    const files = new Map<string, string>();
    for (const name of WORKLOADS) {
      const workload = makeWorkload(name);
      for (const [kind, bytes] of [
        ["pages", packPages(await pagesOf(workload))],
        ["points", packWorkload(workload)],
      ] as const) {
        files.set(`${kind} ${name}`, join(directory, `${kind}-${name}.bin`));
        await writeFile(files.get(`${kind} ${name}`)!, bytes);
      }
    }
    for (const [platform, measure] of await platforms(directory))
      for (const name of WORKLOADS) table.push(...(await rowsOf(platform, name, measure, files)));
  });
  return {
    title: "Deflate",
    method:
      `The pages of points that \`finish()\` compresses, a million points each. Each compressor in processes, or browsers, of its own: the first round, ` +
      `and the least of three after it; the least of ${ROUNDS} processes, which take turns. Times are quotients by those of the own deflate (in brackets its ms); ` +
      "zlib and fflate at level 1, asynchronous ones with four pages at a time. finish(): measured with the own deflate; with another one, less the time of the one and plus that of the other.",
    table,
    targets: [],
  };
}

async function rowsOf(
  platform: string,
  name: WorkloadName,
  measure: Measure,
  files: ReadonlyMap<string, string>,
): Promise<string[][]> {
  const best = new Map<string, { cold: number; warm: number; bytes: number }>();
  for (let round = 0; round < ROUNDS; round++)
    for (const what of ["finish", "own", ...OTHERS]) {
      const took = await measure(files.get(`${what === "finish" ? "points" : "pages"} ${name}`)!, what);
      if (took === null) continue;
      const { cold, warm } = best.get(what) ?? { cold: Infinity, warm: Infinity };
      const { bytes = 0 } = took;
      best.set(what, { cold: Math.min(cold, took.cold), warm: Math.min(warm, took.warm), bytes });
    }
  const [whole, own] = [best.get("finish")!, best.get("own")!];
  const rows = [
    [
      platform,
      name,
      "own",
      `1 (${own.cold.toFixed(0)} ms)`,
      `1 (${own.warm.toFixed(0)} ms)`,
      `1 (${whole.cold.toFixed(0)} ms)`,
      `1 (${whole.warm.toFixed(0)} ms)`,
      "1",
    ],
  ];
  for (const other of OTHERS) {
    const found = best.get(other);
    if (found === undefined) continue;
    const ratio = (theirs: number, ours: number): string => (theirs / ours).toFixed(2);
    rows.push([
      platform,
      name,
      other,
      ratio(found.cold, own.cold),
      ratio(found.warm, own.warm),
      ratio(whole.cold - own.cold + found.cold, whole.cold),
      ratio(whole.warm - own.warm + found.warm, whole.warm),
      ratio(found.bytes, own.bytes),
    ]);
  }
  return rows;
}

/** Returns the pages that `finish()` compresses. */
async function pagesOf(workload: Workload): Promise<PointsPage[]> {
  const pages: PointsPage[] = [];
  const { compressInPieces } = RunCompressor.prototype;
  RunCompressor.prototype.compressInPieces = function* (page) {
    const { bytes, parts = [bytes.length] } = page;
    pages.push({ bytes: bytes.slice(), parts: [...parts] });
    return yield* compressInPieces.call(this, page);
  };
  try {
    const run = await (await openFromSources(memoryFromSources())).startRun({ environment: false });
    for (const { metrics, at } of logCalls(workload)) run.log(metrics, at);
    await run.finish();
  } finally {
    RunCompressor.prototype.compressInPieces = compressInPieces;
  }
  return pages;
}

async function platforms(directory: string): Promise<Map<string, Measure>> {
  const program = join(directory, "process.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("deflate/process.ts", import.meta.url))],
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    tsconfigRaw: "{}",
    alias: {
      runledger: fileURLToPath(new URL("index.js", DIST)),
      "runledger/backends/memory": fileURLToPath(new URL("backends/memory/index.js", DIST)),
    },
    logLevel: "error",
  });
  const running =
    (path: string, ...args: string[]): Measure =>
    async (file, what) => {
      const { stdout } = await promisify(execFile)(path, [...args, program, file, what]);
      return JSON.parse(stdout) as Took | null;
    };
  const found = new Map<string, Measure>([[`Node ${process.versions.node.split(".")[0]}`, running(process.execPath)]]);
  const { BUN: bun, DENO: deno } = process.env;
  if (bun) found.set("Bun", running(bun));
  if (deno) found.set("Deno", running(deno, "run", "--no-lock", "--no-prompt", "--allow-read", "--allow-env"));
  if (existsSync(CHROMIUM))
    found.set("Chromium", async (file, what) =>
      withPage(
        "deflate-page.ts",
        async (page) => (await page.evaluate(`calls.measure("/packed", ${JSON.stringify(what)})`)) as Took | null,
        { "/packed": Uint8Array.from(await readFile(file)) },
      ),
    );
  return found;
}
