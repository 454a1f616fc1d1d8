import { deflateSync } from "fflate";
import { memoryBackend } from "runledger/backends/memory";
import { openLedger } from "runledger";
import { gzip, gzipBound, RunDeflate } from "../../src/parquet/deflate/run-deflate.ts";
import { unpackPages, unpackWorkload } from "./packed.ts";

// Runs in Node, Bun, Deno and pages.

export type Contender = "own" | "zlib" | "zlib, async" | "CompressionStream" | "fflate";

/** ms of the first round of a process, and the least of those after it. */
export interface Took {
  readonly cold: number;
  readonly warm: number;
}

const WARM_ROUNDS = 3;
/** How many pages an asynchronous compressor has at a time. */
const AT_ONCE = 4;

type Compress = (page: Uint8Array, parts: readonly number[]) => number | Promise<number>;

async function rounds(round: () => Promise<number>): Promise<Took> {
  const cold = await round();
  const warm: number[] = [];
  for (let i = 0; i < WARM_ROUNDS; i++) warm.push(await round());
  return { cold, warm: Math.min(...warm) };
}

/** Compresses the pages of a run. Returns `undefined` if the platform does not have the compressor. */
export async function compress(name: Contender, packed: Uint8Array): Promise<(Took & { bytes: number }) | undefined> {
  const pages = unpackPages(packed);
  const compressor = await compressorOf(name);
  if (compressor === undefined) return undefined;
  let bytes = 0;
  const took = await rounds(async () => {
    const begin = performance.now();
    bytes = 0;
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < pages.length) {
        const { bytes: page, parts } = pages[next++]!;
        const compressed = compressor(page, parts);
        const size = typeof compressed === "number" ? compressed : await compressed;
        bytes += size;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return performance.now() - begin;
  });
  return { ...took, bytes };
}

async function compressorOf(name: Contender): Promise<Compress | undefined> {
  if (name === "own") {
    const deflate = new RunDeflate();
    let out = new Uint8Array(65_536);
    return (page, parts) => {
      const room = gzipBound(page.length, parts.length);
      if (room > out.length) out = new Uint8Array(2 * room);
      return gzip(deflate, page, parts, out);
    };
  }
  if (name === "fflate") return (page) => deflateSync(page, { level: 1 }).length + 18;
  if (name === "CompressionStream") {
    if (typeof CompressionStream === "undefined") return undefined;
    return async (page) => {
      const stream = new Blob([page as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("gzip"));
      return (await new Response(stream).arrayBuffer()).byteLength;
    };
  }
  if (!("process" in globalThis)) return undefined;
  const zlib = await import("node:zlib");
  if (name === "zlib") return (page) => zlib.gzipSync(page, { level: 1 }).length;
  return (page) =>
    new Promise((resolve, reject) => {
      zlib.gzip(page, { level: 1 }, (error, result) => (error ? reject(error) : resolve(result.length)));
    });
}

/** What `finish()` of a run with the points of a workload takes, everything stored before. */
export async function finish(packed: Uint8Array): Promise<Took> {
  const { keys, steps, times, columns } = unpackWorkload(packed);
  return await rounds(async () => {
    const run = await (await openLedger(memoryBackend())).startRun({ environment: false });
    for (let i = 0; i < steps.length; i++) {
      const metrics: Record<string, number> = {};
      for (let k = 0; k < keys.length; k++) metrics[keys[k]!] = columns[k]![i]!;
      run.log(metrics, { step: steps[i]!, time: times[i]! });
      if (i % 10_000 === 9999) await run.flush();
    }
    await run.flush();
    const begin = performance.now();
    await run.finish();
    return performance.now() - begin;
  });
}
