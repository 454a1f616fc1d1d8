import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { answer, isMain, runChild } from "./child.ts";
import { fromPath, fsBackend, openLedger } from "./library.ts";
import { longestBlock } from "./longest-block.ts";
import type { Section } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { median } from "./statistics.ts";

const ROUNDS = 3;
const FOLDERS = 100;
const FILES = 100;
const BYTES = 4096;

/** Times in ms. */
interface Outcome {
  readonly tools: number;
  readonly first: number;
  readonly again: number;
  readonly read: number;
  readonly longest: number;
}

const LABELS = {
  tools: "`cp -r` and `sha256sum`",
  first: "`logArtifact()`",
  again: "the same again, in the same process",
  read: "every file read, one after another, and checked",
} as const;

/** `logArtifact()` of a directory of many small files, against tools of the system. */
export async function smallFiles(): Promise<Section> {
  const outcomes: Outcome[] = [];
  for (let round = 0; round < ROUNDS; round++) outcomes.push(await runChild<Outcome>("small-files.ts", []));
  const time = (name: keyof typeof LABELS): number => median(outcomes.map((outcome) => outcome[name]));
  const against = (name: keyof typeof LABELS): number =>
    median(outcomes.map((outcome) => outcome[name] / outcome.tools));
  const target = (name: "first" | "again", most: number): Section["targets"][number] => ({
    what: `10,000 files of 4 kB, ${name === "first" ? "logged" : "logged again"}, against cp and sha256sum`,
    limit: `<= ${most} x`,
    measured: `${against(name).toFixed(2)} x`,
    met: against(name) <= most,
  });
  return {
    title: "Small files",
    method:
      `A directory of ${FOLDERS * FILES} files of ${BYTES} bytes, in ${FOLDERS} folders; a new process each time, ` +
      `${ROUNDS} rounds, medians. The tools copy and hash the same files in the same process. The longest time for ` +
      `which \`logArtifact()\` let nothing else run: ${median(outcomes.map(({ longest }) => longest)).toFixed(0)} ms.`,
    table: [
      ["", "ms", "ratio"],
      ...(["tools", "first", "again", "read"] as const).map((name) => [
        LABELS[name],
        time(name).toFixed(0),
        name === "tools" ? "" : against(name).toFixed(2),
      ]),
    ],
    targets: [target("first", 2), target("again", 0.3)],
  };
}

async function measure(directory: string): Promise<Outcome> {
  const source = join(directory, "source");
  for (let folder = 0; folder < FOLDERS; folder++) {
    mkdirSync(join(source, `${folder}`), { recursive: true });
    for (let file = 0; file < FILES; file++) {
      const bytes = new Uint8Array(BYTES).fill(file);
      new DataView(bytes.buffer).setUint32(0, folder);
      writeFileSync(join(source, `${folder}`, `${file}.bin`), bytes);
    }
  }
  // Younger files are read again: they may change within the same step of the clock.
  await new Promise((resolve) => setTimeout(resolve, 2100));
  const time = async (work: () => unknown): Promise<number> => {
    const began = performance.now();
    await work();
    return performance.now() - began;
  };
  const script = 'cp -r "$0" "$1" && find "$0" -type f -print0 | xargs -0 sha256sum > "$1.sums"';
  const tools = await time(() => execFileSync("sh", ["-c", script, source, join(directory, "copy")]));
  const ledger = await openLedger(fsBackend(join(directory, "ledger")));
  const run = await ledger.startRun({ experiment: "small files", environment: false });
  const log = (): Promise<unknown> => run.logArtifact("source", fromPath(source));
  const first = await longestBlock(log);
  const again = await longestBlock(log);
  const read = await time(async () => {
    const opened = await ledger.openArtifact("source");
    for await (const { path } of opened.files()) await opened.read(path);
  });
  await run.finish();
  const longest = Math.max(first.longest, again.longest);
  return { tools, first: first.passed, again: again.passed, read, longest };
}

if (isMain(import.meta.url)) answer(await withScratch(measure));
