import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Backend } from "../src/backend/backend.ts";
import { answer, isMain, runChild } from "./child.ts";
import { discardingBackend } from "./discarding-backend.ts";
import { fsBackend, openLedger } from "./library.ts";
import type { Section } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { median, ratio } from "./statistics.ts";

const ROUNDS = 7;
const CHUNK_BYTES = 2 ** 20;
const CHUNKS = 2048;
/** Blocks that may be on their way to the file while the next one is hashed, as in the fs backend. */
const WRITES_AHEAD = 4;

interface Outcome {
  readonly seconds: number;
  /** Bytes by which memory in use rose, at its highest. */
  readonly rise: number;
  readonly digest: string;
}

const CONTENDERS = {
  "hash only, node:crypto": "bareHash",
  "runledger, backend that discards": "oursDiscarding",
  "hash and write by hand": "hashAndWrite",
  "runledger, fs": "oursFs",
} as const;

/** `logArtifact()` of a large stream, against the bare hash of Node. */
export async function artifactIngest(): Promise<Section> {
  const outcomes = new Map<string, Outcome[]>(Object.values(CONTENDERS).map((name) => [name, []]));
  const names = [...outcomes.keys()];
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]!;
      outcomes.get(name)!.push(await runChild<Outcome>("artifact-ingest.ts", [name]));
    }
  }
  const digests = new Set([...outcomes.values()].flat().map(({ digest }) => digest));
  if (digests.size > 1) throw new Error(`the contenders do not agree on the digest: ${[...digests].join(", ")}`);
  const speeds = (name: string): number[] =>
    outcomes.get(name)!.map(({ seconds }) => (CHUNKS * CHUNK_BYTES) / 1e6 / seconds);
  const rises = (name: string): number => Math.max(...outcomes.get(name)!.map(({ rise }) => rise / 2 ** 20));
  const compared = ratio(speeds("oursDiscarding"), speeds("bareHash"));
  const comparedFs = ratio(speeds("oursFs"), speeds("hashAndWrite"));
  const range = ({ median, least, greatest }: typeof compared): string =>
    `${median.toFixed(3)} (${least.toFixed(3)}-${greatest.toFixed(3)})`;
  const against: Record<string, string> = { oursDiscarding: range(compared), oursFs: range(comparedFs) };
  const highest = Math.max(rises("oursDiscarding"), rises("oursFs"));
  return {
    title: "Artifact ingest",
    method:
      `A stream of 2 GiB in chunks of 1 MiB, whose maker uses its buffer again; a new process each time, ${ROUNDS} rounds. ` +
      "`logArtifact()` is measured whole: loading the parts it needs and storing the version included. By hand: the same hash, blocks copied and " +
      `up to ${WRITES_AHEAD} writes ahead, no synchronisation with the disk, as \`durability: "os"\`. ` +
      "Ratios are to the row above. Memory: the highest resident set of the process less that before the stream, the worst round.",
    table: [
      ["", "MB/s", "ratio", "memory, MiB above idle"],
      ...Object.entries(CONTENDERS).map(([label, name]) => [
        label,
        median(speeds(name)).toFixed(0),
        against[name] ?? "",
        rises(name).toFixed(0),
      ]),
    ],
    targets: [
      {
        what: "SHA-256 ingest against bare node:crypto",
        limit: ">= 0.85 x",
        measured: `${compared.median.toFixed(3)} x`,
        met: compared.median >= 0.85,
      },
      {
        what: "memory above idle while a stream of 2 GiB is stored",
        limit: "<= 64 MiB",
        measured: `${highest.toFixed(0)} MiB`,
        met: highest <= 64,
      },
    ],
  };
}

/** Bytes that differ from chunk to chunk, in one buffer. */
async function* source(): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let i = 0; i < chunk.length; i++) chunk[i] = Math.imul(i, 0x9e3779b1) >>> 13;
  const number = new DataView(chunk.buffer);
  for (let i = 0; i < CHUNKS; i++) {
    number.setUint32(0, i);
    yield chunk;
  }
}

interface Contender {
  /** Returns the digest of the stream. Only this call is measured. */
  ingest(): Promise<string>;
  end?(): Promise<void>;
}

const contenders: Record<string, (directory: string) => Promise<Contender>> = {
  async bareHash() {
    const ingest = async (): Promise<string> => {
      const hash = createHash("sha256");
      for await (const chunk of source()) hash.update(chunk);
      return hash.digest("hex");
    };
    return { ingest };
  },
  async hashAndWrite(directory) {
    const ingest = async (): Promise<string> => {
      const hash = createHash("sha256");
      const file = await open(join(directory, "content.tmp"), "wx");
      const blocks = Array.from({ length: WRITES_AHEAD }, () => ({
        bytes: new Uint8Array(CHUNK_BYTES),
        written: Promise.resolve(),
      }));
      let at = 0;
      for await (const chunk of source()) {
        hash.update(chunk);
        const block = blocks[(at / CHUNK_BYTES) % blocks.length]!;
        await block.written;
        block.bytes.set(chunk);
        block.written = file.write(block.bytes, 0, CHUNK_BYTES, at).then(({ bytesWritten }) => {
          if (bytesWritten !== CHUNK_BYTES) throw new Error("a write was cut short");
        });
        at += CHUNK_BYTES;
      }
      for (const { written } of blocks) await written;
      await file.close();
      return hash.digest("hex");
    };
    return { ingest };
  },
  oursDiscarding: () => ours(discardingBackend()),
  oursFs: (directory) => ours(fsBackend(directory)),
};

async function ours(backend: Backend): Promise<Contender> {
  const ledger = await openLedger(backend);
  const run = await ledger.startRun();
  return {
    async ingest() {
      const { digest } = await run.logArtifact("weights", source());
      return digest.replace(/^sha256:/, "");
    },
    end: () => run.finish(),
  };
}

async function measure(name: string, directory: string): Promise<Outcome> {
  const { ingest, end } = await contenders[name]!(directory);
  const idle = process.memoryUsage.rss();
  const start = performance.now();
  const digest = await ingest();
  const seconds = (performance.now() - start) / 1000;
  const rise = process.resourceUsage().maxRSS * 1024 - idle;
  await end?.();
  return { seconds, rise, digest };
}

if (isMain(import.meta.url)) answer(await withScratch((directory) => measure(process.argv[2]!, directory)));
