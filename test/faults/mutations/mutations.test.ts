import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { openLedger } from "../../../src/index.ts";
import { createTestClock } from "../../../src/testing/index.ts";
import { type Look, lookAt, wrongAnswers, wrongErrors } from "./look.ts";
import { buildStore, KINDS, mutate, ownerOf } from "./store.ts";
import { rounds, sampled } from "../../rounds.ts";

const seed = Number(process.env["MUTATIONS_SEED"] ?? 20_261_129);
/** Mutations of each way, of each kind of object. More, and others: `MUTATIONS=50 MUTATIONS_SEED=2 npx vitest run test/faults/mutations`. */
const MUTATIONS = rounds(1, 5, "MUTATIONS");
/** No look at a store takes longer, in ms. Most take 200 on a busy machine. */
const LIMIT_MS = 5_000;
/** The process takes no more memory for a look than this on top of what it has, in MB. A length of 32 bits may say 4,000. */
const LIMIT_MB = 500;

const ARTIFACTS = ["model0", "model1"];

const unit = fc.noBias(fc.integer({ min: 0, max: 2 ** 30 - 1 })).map((n) => n / 2 ** 30);
const places = fc.record({
  object: unit,
  other: unit,
  // Often at the beginning, where lengths and versions are.
  at: fc.oneof(
    unit,
    unit.map((n) => n / 50),
  ),
});

const cases = Object.entries(KINDS).flatMap(([kind, { keys, ways }]) => ways.map((how) => [how, kind, keys] as const));

let store: Awaited<ReturnType<typeof buildStore>>;
let sound: Look;

beforeAll(async () => {
  store = await buildStore();
  const backend = memoryBackend();
  backend.restore(store.snapshot);
  sound = await lookAt(backend, store.ids, ARTIFACTS);
});

describe(`a store of which one object was changed or exchanged (seed ${seed})`, () => {
  test("the sound store has every kind of object, of two owners, and answers every call", () => {
    for (const [kind, { keys: pattern }] of Object.entries(KINDS)) {
      const keys = [...store.snapshot.keys()].filter((key) => pattern.test(key));
      expect(new Set(keys.map(ownerOf)).size, kind).toBeGreaterThanOrEqual(kind === "ledger.json" ? 1 : 2);
    }
    for (const [name, answer] of sound.answers) expect(answer, name).toHaveProperty("value");
    expect(sound.told).toEqual([]);
  });

  test.each(sampled(cases, 5))("%s: %s", async (how, kind, pattern) => {
    await fc.assert(
      fc.asyncProperty(places, async (place) => {
        const { backend, keys } = mutate(store.snapshot, pattern, { how, ...place });
        const changed = keys.filter((key) => key.startsWith("runs/")).map((key) => key.split("/")[1]!);
        const began = performance.now();
        const before = process.memoryUsage.rss();
        const found = await lookAt(backend, changed.length > 0 ? changed : store.ids.slice(0, 1), ARTIFACTS);
        const ledger = await openLedger(backend, { clock: createTestClock(), onError() {} }).catch(() => undefined);
        // Rejects for no run, whatever is wrong with one.
        await ledger?.recover();
        expect(performance.now() - began).toBeLessThan(LIMIT_MS);
        expect((process.memoryUsage.rss() - before) / 1e6).toBeLessThan(LIMIT_MB);
        expect(wrongErrors(found).join("\n"), keys.join()).toBe("");
        // The end of a journal that is not compacted can be cut behind a record without a trace.
        const mayMiss = kind === "segment of a journal" && how === "cut" ? changed : [];
        if (how !== "rewrite") expect(wrongAnswers(sound, found, mayMiss).join("\n"), keys.join()).toBe("");
      }),
      { seed, numRuns: MUTATIONS, endOnFailure: true, includeErrorInReport: true },
    );
  });
});
