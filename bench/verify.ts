import { createHash, randomBytes } from "node:crypto";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fsBackend, openLedger } from "./library.ts";
import { type Blocking, longestBlock } from "./longest-block.ts";
import { pairedRatio, runPairs } from "./paired.ts";
import type { Section } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { formatMedian, median } from "./statistics.ts";

const MB = 1_000_000;
/** MB of the ledger. It should fit into the disk cache, so that hashing is compared and not the disk. */
const SIZE = Number(process.env["VERIFY_MB"] ?? 2000);
const FILE_MB = 50;
const SMALL_RUNS = 200;
const PAIRS = 5;
/** The least throughput, as a share of that of hashing the files. */
const LIMIT = 0.8;
/** MB above what the process has before. */
const MEMORY_LIMIT = 64;

/** `ledger.verify()` beside a program that hashes every file of the ledger. */
export async function verifyCost(): Promise<Section> {
  const { pairs, longest, bytes, memory } = await withScratch(async (directory) => {
    await fill(directory);
    let found = { intact: false, bytes: 0 };
    let longest: Blocking = { passed: 0, longest: 0, busy: 0 };
    let memory = 0;
    const verify = async (): Promise<void> => {
      const ledger = await openLedger(fsBackend(directory));
      const before = process.memoryUsage().rss;
      const onProgress = (): void => {
        memory = Math.max(memory, process.memoryUsage.rss() - before);
      };
      found = await ledger.verify(undefined, { onProgress });
      await ledger.close();
      if (!found.intact) throw new Error("the ledger is not intact");
    };
    const pairs = await runPairs({ work: verify }, { work: () => hashFiles(directory) }, PAIRS);
    longest = await longestBlock(verify);
    return { pairs, longest, bytes: found.bytes, memory };
  });
  const ratio = pairedRatio(pairs, "passed");
  const speed = (costs: typeof pairs.ours): string =>
    `${(bytes / MB / (median(costs.map(({ passed }) => passed)) / 1e9)).toFixed(0)}`;
  return {
    title: "Verification",
    method:
      `A ledger of ${(bytes / MB).toFixed(0)} MB on the fs backend, in the disk cache: blobs of ${FILE_MB} MB, and ${SMALL_RUNS} runs with a few points each; ${PAIRS} pairs. ` +
      "Beside it: a program that opens every file and hashes it in parts of 4 MiB, the next part read while one is hashed.",
    table: [
      ["", "MB/s", "ours / theirs", "longest block, ms", "MB more memory"],
      [
        "**ledger.verify()**",
        speed(pairs.ours),
        formatMedian(ratio),
        longest.longest.toFixed(0),
        (memory / MB).toFixed(0),
      ],
      ["SHA-256 of every file", speed(pairs.theirs), "", "", ""],
    ],
    targets: [
      {
        what: "verify, throughput of hashing the files",
        limit: `>= ${LIMIT}`,
        measured: (1 / ratio.median).toFixed(2),
        met: 1 / ratio.median >= LIMIT,
      },
      {
        what: "memory of verify",
        limit: `<= ${MEMORY_LIMIT} MB`,
        measured: `${(memory / MB).toFixed(0)} MB`,
        met: memory / MB <= MEMORY_LIMIT,
      },
    ],
  };
}

async function fill(directory: string): Promise<void> {
  const ledger = await openLedger(fsBackend(directory));
  await ledger.withRun({}, async (run) => {
    for (let done = 0; done < SIZE; done += FILE_MB)
      await run.logArtifact("blob", new Uint8Array(randomBytes(FILE_MB * MB)));
  });
  for (let i = 0; i < SMALL_RUNS; i++)
    await ledger.withRun({}, async (run) => {
      for (let step = 0; step < 10; step++) run.log({ loss: step });
    });
  await ledger.close();
}

async function hashFiles(directory: string): Promise<void> {
  const buffers = [Buffer.alloc(4 * 1024 * 1024), Buffer.alloc(4 * 1024 * 1024)] as const;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = await open(join(entry.parentPath, entry.name));
    const hash = createHash("sha256");
    let at = 0;
    let next = file.read(buffers[0], 0, buffers[0].length);
    for (;;) {
      const { bytesRead, buffer } = await next;
      if (bytesRead === 0) break;
      const other = buffers[++at % 2]!;
      next = file.read(other, 0, other.length);
      hash.update(buffer.subarray(0, bytesRead));
    }
    hash.digest("hex");
    await file.close();
  }
}
