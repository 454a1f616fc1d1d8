import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeJson } from "../../src/bytes/decode-json.ts";
import { differences } from "./compare.ts";
import { isFull } from "../rounds.ts";
import type { Tree } from "./expected.ts";
import { LIMITS, makeLedgers, RECIPES } from "./ledgers.ts";

/** The ledgers that `npm test` makes. `npm run test:faults` makes all of them. */
const SAMPLE: ReadonlySet<string> = new Set([
  "basics",
  "sessions",
  "media",
  "damaged journals",
  "repeated segments",
  "catalogue",
  "seals and collections",
]);
const recipes = RECIPES.filter(({ name }) => isFull || SAMPLE.has(name));

const format = readFileSync(join(import.meta.dirname, "../../FORMAT.md"), "utf8");

/** What the placeholders in the table of keys stand for. */
const PARTS: { readonly [name: string]: string } = {
  run: "[0-9A-Za-z][0-9A-Za-z_-]{0,63}",
  writer: "[0-9a-z][0-9a-z_-]{0,63}",
  id: "[0-9a-z][0-9a-z_-]{0,63}",
  claim: "[0-9a-f]{32}",
  seq: "(?:[0-9]{6}|[1-9][0-9]{6,11})",
  flushes: "[1-9][0-9]*",
  fence: "(?:[0-9]{6}|[1-9][0-9]{6,11})",
  n: "(?:[0-9]{4}|[1-9][0-9]{4,8})",
  part: "(?:[0-9]{4}|[1-9][0-9]{4,8})",
  k: "(?:0|[1-9][0-9]{0,5})",
  collection: "(?:[0-9]{6}|[1-9][0-9]{6,11})",
  signer: "[0-9a-f]{32}",
  number: "[0-9]{8}",
  next: "(?:0|[1-9][0-9]*)",
  generation: "[0-9]{6}",
  kind: "[ocm]",
  name: "[a-z0-9=._-]+",
  alias: "[a-z0-9=._-]+",
  experiment: "[a-z0-9=~._-]+",
  aa: "[0-9a-f]{2}",
  hex: "[0-9a-f]{64}",
  stream: "[0-9a-z][0-9a-z_-]{0,63}",
  from: "(?:0|[1-9][0-9]{0,14})",
  to: "[1-9][0-9]{0,14}",
  down: "[0-9]{8}",
  group: "[0-9]{6}",
  place: "[0-9]{2}",
  version: "v(?:0|[1-9][0-9]{0,7})(?:\\.[0-9a-z]{1,64})?",
};

/** The keys of the table, as it writes them, with what they look like. */
function keysOfTable(): Map<string, RegExp> {
  const start = format.indexOf("## Keys\n");
  const table = format.slice(start, format.indexOf("| part of a key |", start));
  const keys = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) => cell!.split(", "));
  return new Map(
    keys.map((cell) => {
      const key = cell.slice(1, -1);
      const pattern = key.replaceAll(/[.]/g, "\\.").replaceAll(/<(.*?)>/g, (_, part: string) => PARTS[part]!);
      return [key, new RegExp(`^${pattern}$`)];
    }),
  );
}

/** A file of points ends at 64 MiB. */
const NEVER_MADE = ["runs/<run>/metrics.<n>.<part>.parquet"];
/** Of the scenario with objects whose names are nearly in the table. */
const STRANGE =
  /^runs\/.*\/(?:more\/.*|run\.0001\.json|run\.00002\.json|fences\/0000002\.json|lifecycle\/0{4,5}1?\.json)$|\.0000001$|\.0000012-2$|\.0000(?:11-|11-0|11-012)$|\.00$|^runs\/[^/]+\/[^/]+\.000001$/;
/** Of `ledgers.ts`, and of the scenarios. */
const LEFT = /(?:^|\/)(?:\.tmp-[0-9a-z-]+|\.DS_Store|README\.md|notes\.txt)$/;

const run = promisify(execFile);
const READER = join(import.meta.dirname, "reader.py");

async function isPythonThere(): Promise<boolean> {
  try {
    await run("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]);
    return true;
  } catch {
    return false;
  }
}

const reason = !existsSync(READER)
  ? "test/format/reader.py is not there"
  : (await isPythonThere())
    ? undefined
    : "there is no python3 of version 3.9 or later";

let place: string;
let folders: string[];
let keys: string[];
let runs: Tree[];
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "runledger-format-"));
  folders = await makeLedgers(place, recipes);
  const listed = folders.map(
    async (folder) => await readdir(join(folder, "ledger"), { recursive: true, withFileTypes: true }),
  );
  keys = (await Promise.all(listed)).flat().flatMap((entry) => {
    const path = join(entry.parentPath, entry.name).split("/ledger/")[1]!;
    return entry.isFile() ? [path] : [];
  });
  const trees = await Promise.all(folders.map(async (folder) => await readFile(join(folder, "expected.json"), "utf8")));
  runs = trees.flatMap((text) => Object.values(((decodeJson(text, LIMITS) as Tree)["runs"] ?? {}) as Tree) as Tree[]);
}, 300_000);
afterAll(async () => await rm(place, { recursive: true, force: true, maxRetries: 10 }));

test.skipIf(reason !== undefined).each(recipes.map(({ name }, i) => ({ name, i })))(
  `a reader written from FORMAT.md reads what the library reads: $name${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  { timeout: 180_000 },
  async ({ i }) => {
    const { stdout } = await run("python3", ["-B", READER, join(folders[i]!, "ledger")], { maxBuffer: LIMITS.chars });
    const wanted = decodeJson(await readFile(join(folders[i]!, "expected.json"), "utf8"), LIMITS);
    expect(differences(wanted, decodeJson(stdout, LIMITS))).toEqual([]);
  },
);

describe.skipIf(!isFull)("the ledgers for readers", () => {
  test("have objects of each kind in FORMAT.md's table of keys, and no others", () => {
    const table = keysOfTable();
    const matches = (key: string): boolean => [...table.values()].some((pattern) => pattern.test(key));
    const made = keys.filter((key) => !LEFT.test(key) && !STRANGE.test(key));
    const strange = keys.filter((key) => STRANGE.test(key));
    expect(strange).toHaveLength(14);
    expect(strange.filter((key) => matches(key) && !/\/(?:run\.0001|lifecycle\/0000)\.json$/.test(key))).toEqual([]);
    expect(made.filter((key) => !matches(key) && !/^artifacts\/(?:=4A|equal)\//.test(key))).toEqual([]);
    const missing = [...table].filter(([, pattern]) => !made.some((key) => pattern.test(key))).map(([key]) => key);
    expect(missing).toEqual(NEVER_MADE);
  });

  test("have runs of each status, damage of each kind, and runs that cannot be read", () => {
    const records = runs.flatMap((run) => (run["record"] === undefined ? [] : [run["record"] as Tree]));
    const statuses = new Set(records.map((record) => record["status"]));
    expect(statuses).toEqual(new Set(["running", "finished", "failed", "killed", "interrupted"]));
    const kinds = new Set(records.flatMap((record) => (record["damage"] as Tree[]).map(({ kind }) => kind)));
    const start = format.indexOf("### Damage\n");
    const section = format.slice(start, format.indexOf("\n## ", start));
    expect(kinds).toEqual(new Set([...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, kind]) => kind)));
    expect(new Set(runs.map((run) => run["error"]))).toEqual(new Set([undefined, "CORRUPT", "FORMAT_TOO_NEW"]));
  });
});

const base64Of = (hex: string): string => Buffer.from(hex, "hex").toString("base64");

test("what a reader found is compared bit by bit, and only some members may be left out", () => {
  const wanted = { record: { damage: [{ kind: "a" }, { kind: "b" }], list: [1, 2] }, value: 1, zero: -0, big: 5n };
  expect(differences(wanted, structuredClone(wanted))).toEqual([]);
  const { value: _value, ...rest } = wanted;
  expect(differences(wanted, rest)).toEqual([]);
  expect(differences(wanted, { ...rest, record: { damage: [{ kind: "b" }, { kind: "a" }], list: [1, 2] } })).toEqual(
    [],
  );
  const { zero: _zero, ...less } = rest;
  for (const [found, line] of [
    [{ ...wanted, zero: 0 }, ".zero: 0 in place of -0"],
    [{ ...wanted, big: 5 }, ".big: 5 in place of 5n"],
    [less, ".zero is missing"],
    [{ ...wanted, more: 1 }, ".more should not be there"],
    [{ ...wanted, record: { ...wanted.record, list: [2, 1] } }, ".record.list[0]: 2 in place of 1"],
    [{ ...wanted, record: { ...wanted.record, list: [1] } }, ".record.list: 1 items in place of 2"],
  ] as const)
    expect(differences(wanted, found)[0]).toBe(line);

  const series = (bits: string): Tree => ({ overviews: { run: { loss: { coarser: { values: base64Of(bits) } } } } });
  const wantedSeries = series("000000000000f87f0000000000000000");
  expect(differences(wantedSeries, series("010000000000f8ff0000000000000000"))).toEqual([]);
  expect(differences(wantedSeries, series("000000000000f87f0000000000000080"))).toEqual([
    ".overviews.run.loss.coarser.values[1]: -0 in place of 0",
  ]);
  expect(differences(wantedSeries, series("000000000000f87f"))[0]).toMatch("1 numbers in place of 2");
});
