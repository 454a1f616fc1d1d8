import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { openLedger } from "../../src/index.ts";
import { bundle } from "../processes/bundle.ts";
import { startChild } from "../processes/child-process.ts";
import { type Acknowledged, artifactBytes, lossAt } from "./power-cut-known.ts";
import { stride } from "../rounds.ts";

const LEAST_CUTS = 40;

function ran(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** A disk in a file. What ext4 has not sent to it yet is lost with a copy of the file, as it is with the power. */
function makeDisk(image: string, megabytes: number): boolean {
  return ran("truncate", "-s", `${megabytes}M`, image) && ran("mkfs.ext4", "-qF", "-b", "1024", image);
}

// A commit by the clock would put things on the disk that nobody asked to be there.
const mount = (image: string, place: string): boolean => ran("mount", "-o", "loop,commit=900", image, place);
const unmount = (place: string): boolean => ran("umount", place);

async function canCut(): Promise<boolean> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const directory = await mkdtemp(join(tmpdir(), "runledger-probe-"));
  try {
    const place = join(directory, "place");
    await mkdir(place);
    const mounted = makeDisk(join(directory, "image"), 4) && mount(join(directory, "image"), place);
    return mounted && unmount(place);
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
}

const able = await canCut();
const skipped = able ? "" : " (skipped: needs root, Linux, ext4 and loop devices)";

let child: Awaited<ReturnType<typeof bundle>>;
let directory: string;
const mounted = new Set<string>();
beforeAll(async () => {
  if (!able) return;
  child = await bundle(new URL("power-cut-child.ts", import.meta.url));
  directory = await mkdtemp(join(tmpdir(), "runledger-power-"));
});
afterAll(async () => {
  if (!able) return;
  for (const place of mounted) ran("umount", "-l", place);
  await child.remove();
  await rm(directory, { recursive: true, force: true, maxRetries: 10 });
});

interface Cut {
  readonly image: string;
  readonly where: string;
  readonly known: Acknowledged;
}

/** Lets the child work on a disk, and copies the disk whenever it says so. Returns how often, and the copies of the sample. */
async function cutsOf(durability: string): Promise<{ moments: number; cuts: Cut[] }> {
  const image = join(directory, `${durability}.img`);
  const place = join(directory, durability);
  await mkdir(place);
  expect(makeDisk(image, 64) && mount(image, place)).toBe(true);
  mounted.add(place);
  const working = startChild([process.execPath, child.script, join(place, "ledger"), durability]);
  const done = working.line("done");
  const cuts: Cut[] = [];
  let moments = 0;
  for (let n = 1; ; n++) {
    const line = await Promise.race([working.line(`cut ${n} `), done]);
    if (line === "done") break;
    const { where, state } = JSON.parse(line.slice(`cut ${n} `.length)) as { where: string; state: string };
    if (moments++ % stride(16) === 0) {
      const copy = `${image}.${n}`;
      expect(ran("cp", "--sparse=always", image, copy)).toBe(true);
      cuts.push({ image: copy, where, known: JSON.parse(state) as Acknowledged });
    }
    working.say("go");
  }
  await working.ended;
  expect(unmount(place)).toBe(true);
  mounted.delete(place);
  return { moments, cuts };
}

/** What is missing or wrong on a disk that was cut off. `recover`: also after recovery. */
async function faultsOf(place: string, known: Acknowledged, recover: boolean): Promise<string[]> {
  const faults: string[] = [];
  for (const recovered of recover ? [false, true] : [false]) {
    const backend = fsBackend(join(place, "ledger"));
    const attempt = async (what: string, work: () => Promise<string | undefined>): Promise<void> => {
      const fault = await work().catch((error: Error) => error.message);
      if (fault !== undefined) faults.push(`${what}${recovered ? ", recovered" : ""}: ${fault}`);
    };
    await attempt("ledger", async () => {
      const ledger = await openLedger(backend, { onError: () => {} });
      if (recovered) await ledger.recover(undefined, { graceMs: 0 });
      const found = new Set((await ledger.searchRuns({ view: "all", limit: 1000 })).runs.map(({ id }) => id));
      // What tidies the catalogue would keep the disk busy.
      await ledger.close();
      for (const [id, { points, finished, deleted }] of Object.entries(known.runs)) {
        await attempt(`run ${id}`, async () => {
          const { status, deletedAt } = await ledger.getRun(id);
          if (!found.has(id)) return "a search does not find it";
          if (finished && status !== "finished") return `it is ${status}`;
          if (deleted && deletedAt === undefined) return "it is not deleted";
          const { steps, values } = await ledger.history(id, "loss");
          if (steps.length < points) return `${steps.length} points of ${points}`;
          const wrong = values.findIndex((value, i) => steps[i] !== i || value !== lossAt(i));
          return wrong >= 0 ? `point ${wrong} is wrong` : undefined;
        });
      }
      for (const { ref, name, size } of known.artifacts) {
        await attempt(`artifact ${ref}`, async () => {
          const bytes = await (await ledger.openArtifact(ref)).read();
          return Buffer.compare(bytes, artifactBytes(name, size)) === 0 ? undefined : "other bytes";
        });
      }
      return undefined;
    });
    await backend.close?.();
  }
  return faults;
}

test.skipIf(!able).each(["disk", "os"])(
  `the power fails at ${LEAST_CUTS} moments and more, durability "%s": what was acknowledged, or synced before, is there${skipped}`,
  { timeout: 240_000 },
  async (durability) => {
    const { moments, cuts } = await cutsOf(durability);
    const place = join(directory, "cut");
    await mkdir(place, { recursive: true });
    const wrong: string[] = [];
    for (const [n, { image, where, known }] of cuts.entries()) {
      expect(mount(image, place), where).toBe(true);
      mounted.add(place);
      for (const fault of await faultsOf(place, known, n % 3 === 0)) wrong.push(`${where}: ${fault}`);
      expect(unmount(place)).toBe(true);
      mounted.delete(place);
      await rm(image);
    }
    expect(wrong).toEqual([]);
    expect(moments).toBeGreaterThan(LEAST_CUTS);
    console.info(`power cuts, durability ${durability}: ${moments} moments, ${cuts.length} of them tried`);
  },
);
