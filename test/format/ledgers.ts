import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { encodeJson } from "../../src/bytes/encode-json.ts";
import type { JsonLimits } from "../../src/bytes/parse-json.ts";
import type { MemorySnapshot } from "../../src/backends/memory/index.ts";
import { expected } from "./expected.ts";
import { artifacts, sharedArtifacts } from "./scenarios/artifacts.ts";
import { basics } from "./scenarios/basics.ts";
import { care } from "./scenarios/care.ts";
import { catalogue, joined, rebuilt } from "./scenarios/catalogue.ts";
import { damagedJournals, lostObjects } from "./scenarios/damage.ts";
import { edges } from "./scenarios/edges.ts";
import { large, random, randomJournals } from "./scenarios/large.ts";
import { media } from "./scenarios/media.ts";
import { manyShapes, numbers } from "./scenarios/numbers.ts";
import { documents } from "./scenarios/documents.ts";
import { records } from "./scenarios/records.ts";
import { repeats } from "./scenarios/repeats.ts";
import { manifests } from "./scenarios/manifests.ts";
import { change, flip, newPlace, type Place, type PlaceOptions } from "./scenarios/place.ts";
import { fences, leaving, sessions } from "./scenarios/sessions.ts";

/** How a ledger is made. */
export interface Recipe {
  readonly name: string;
  /** Ids and random values are made from it. */
  readonly seed: number;
  readonly make: (place: Place, seed: number) => Promise<unknown>;
  readonly options?: PlaceOptions;
}

type Unseeded = Omit<Recipe, "seed">;
const BOTH: readonly (readonly [string, PlaceOptions])[] = [
  ["", { alive: "elsewhere:1" }],
  [" of numbered objects", { numbered: true }],
];
const both = (name: string, make: Recipe["make"]): Unseeded[] =>
  BOTH.map(([suffix, options]) => ({ name: name + suffix, make, options }));

/** Every ledger, each from its own seed. */
export const RECIPES: readonly Recipe[] = withSeeds([
  ...both("basics", basics),
  ...both("numbers", numbers),
  { name: "many shapes", make: manyShapes },
  ...both("sessions", sessions),
  ...both("fences", fences),
  ...both("leaving", leaving),
  { name: "damaged journals", make: damagedJournals },
  ...both("lost objects", lostObjects),
  ...both("media", media),
  { name: "artifacts", make: artifacts },
  { name: "artifacts of two processes", make: sharedArtifacts, options: { shared: true } },
  ...both("seals and collections", care),
  { name: "catalogue", make: catalogue },
  { name: "catalogue made again", make: rebuilt },
  { name: "catalogue of small experiments", make: joined },
  { name: "large documents", make: large },
  ...both("random", random),
  { name: "random journals", make: randomJournals, options: { keepsJournals: true } },
  { name: "records by hand", make: records },
  { name: "repeated segments", make: repeats, options: { numbered: true } },
  { name: "manifests by hand", make: manifests },
  { name: "documents by hand", make: documents, options: { keepsJournals: true } },
  { name: "edges", make: edges, options: { keepsJournals: true } },
  { name: "of a later version", make: ofLaterVersion },
  { name: "with a damaged marker", make: withDamagedMarker },
  { name: "without a marker", make: withoutMarker },
  { name: "with a marker perhaps of a later version", make: withMarkerOfLaterVersion },
  { name: "with a damaged marker and no run", make: withDamagedMarkerAlone },
  { name: "empty", make: async ({ open }) => void (await open()) },
]);

function withSeeds(recipes: readonly Unseeded[]): Recipe[] {
  return recipes.map((recipe, i) => ({ ...recipe, seed: i + 1 }));
}

async function ofLaterVersion({ open, store }: Place): Promise<void> {
  await open();
  await store.remove("ledger.json");
  await store.create("ledger.json", new TextEncoder().encode('{"format":"runledger","version":2}'));
}

async function withDamagedMarkerAlone(place: Place): Promise<void> {
  await place.open();
  await change(place, "ledger.json", (bytes) => flip(bytes, -3));
}

/** Two runs, of which the first cannot be read. */
async function twoRuns({ open, store }: Place): Promise<void> {
  const ledger = await open();
  const ids: string[] = [];
  for (let i = 0; i < 2; i++) {
    const run = await ledger.startRun({ name: `${i}` });
    run.log({ loss: i });
    await run.finish();
    ids.push(run.id);
  }
  await store.remove(`runs/${ids.sort()[0]!}/run.created.json`);
}

async function withDamagedMarker(place: Place): Promise<void> {
  await twoRuns(place);
  await change(place, "ledger.json", (bytes) => flip(bytes, -3));
}

async function withMarkerOfLaterVersion(place: Place): Promise<void> {
  await twoRuns(place);
  await change(place, "ledger.json", (bytes) =>
    new TextEncoder().encode(new TextDecoder().decode(bytes).replace('"version":1', '"version":3')),
  );
}

async function withoutMarker(place: Place): Promise<void> {
  await twoRuns(place);
  await place.store.remove("ledger.json");
}

/** What crashes, operating systems and people leave in a directory, and no reader looks at. */
const LEFTOVERS: readonly (readonly [string, string])[] = [
  [".DS_Store", "x"],
  ["README.md", "# Our runs"],
  [`runs/.tmp-${"0".repeat(32)}`, "x"],
  [`.tmp-claim-${"a".repeat(32)}`, ""],
  ["blobs/incoming/abc", "half of a"],
];

/** Leftovers of each run: objects that a close which failed has made, and no document names. */
const RUN_LEFTOVERS: readonly (readonly [string, string])[] = [
  [`.tmp-${"1".repeat(32)}`, '{"v":1}'],
  [`journal/.tmp-${"2".repeat(32)}`, "x"],
  ["metrics.0009.overview", "x"],
  ["metrics-0left.media", "x"],
  ["notes.txt", "x"],
];

/** How large `expected.json`, and what a reader prints, may be. */
export const LIMITS: JsonLimits = { chars: 256 * 1024 * 1024, values: 20_000_000 };

/** Makes each ledger in a folder of `directory`: `<name>/ledger`, and beside it `expected.json`. Returns the folders. */
export async function makeLedgers(directory: string, recipes: readonly Recipe[] = RECIPES): Promise<string[]> {
  const folders: string[] = [];
  for (const { name, seed, make, options } of recipes) {
    const place = newPlace(seed, options);
    await make(place, seed);
    const folder = join(directory, name.replaceAll(" ", "-"));
    await writeLedger(join(folder, "ledger"), place.store.snapshot());
    const text = encodeJson(await expected(join(folder, "ledger")), "expected", LIMITS);
    await writeFile(join(folder, "expected.json"), text);
    folders.push(folder);
  }
  return folders;
}

async function writeLedger(directory: string, objects: MemorySnapshot): Promise<void> {
  const put = async (path: string, content: Uint8Array | string): Promise<void> => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  };
  for (const [key, bytes] of objects) await put(key, bytes);
  for (const [path, text] of LEFTOVERS) await put(path, text);
  const runs = new Set([...objects.keys()].flatMap((key) => /^runs\/[^/]+/.exec(key)?.[0] ?? []));
  for (const run of runs) {
    // Where points lie beside no document that tells of them, the run counts as damaged.
    const isClosed = [...objects.keys()].some((key) => key.startsWith(`${run}/run.`) && !key.endsWith(".created.json"));
    const hasJournal = [...objects.keys()].some((key) => key.startsWith(`${run}/journal/`));
    for (const [path, text] of RUN_LEFTOVERS)
      if (!path.endsWith(".overview") || isClosed || hasJournal) await put(`${run}/${path}`, text);
  }
}

// npx tsx --conditions=runledger-source test/format/ledgers.ts DIRECTORY
if (process.argv[1] === import.meta.filename) {
  const [, , directory = ""] = process.argv;
  for (const folder of await makeLedgers(directory)) console.log(folder);
}
