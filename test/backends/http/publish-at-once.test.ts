import { expect, test } from "vitest";
import type { Backend } from "../../../src/backend/backend.ts";
import { httpBackend, publish } from "../../../src/backends/http/index.ts";
import { memoryBackend, type MemoryBackend } from "../../../src/backends/memory/index.ts";
import { LedgerError } from "../../../src/index.ts";
import { intercept } from "../../../src/testing/intercept.ts";
import { isFull } from "../../rounds.ts";
import { asFetch } from "../../servers/static-host.ts";

const empty = new Uint8Array();

/** Returns the keys that a new reader finds. */
async function keysOf(place: MemoryBackend): Promise<string[]> {
  const http = httpBackend("https://host.example/some/place/", { fetch: asFetch(place), retry: { attempts: 1 } });
  const keys: string[] = [];
  for await (const { key } of http.list("")) keys.push(key);
  return keys;
}

/** Returns the backend of a program. `before` is called before each call below `published/`, with its number. */
function program(place: MemoryBackend, before: (call: number, name: string) => Promise<void>): Backend {
  let calls = 0;
  return intercept(place, {
    call: async ({ operation, key }, proceed) => {
      if (key.startsWith("published/")) await before(calls++, `${operation} ${key}`);
      return await proceed();
    },
    list: (_call, proceed) => proceed(),
  });
}

function mortal(place: MemoryBackend, lastCall: number): Backend {
  return program(place, async (call) => {
    if (call >= lastCall) throw new LedgerError("IO", "the process died");
  });
}

/** What a place may hold when two programs publish it. */
const beginnings: [what: string, begin: (place: MemoryBackend) => Promise<void>][] = [
  ["an index", async (place) => void (await publish(place))],
  ["no index", async () => {}],
  [
    "next.json beside index.json",
    async (place) => {
      await publish(place);
      await place.create("published/next.json", await place.read("published/index.json"));
    },
  ],
  [
    "only next.json",
    async (place) => {
      await publish(place);
      await place.create("published/next.json", await place.read("published/index.json"));
      await place.remove("published/index.json");
    },
  ],
];

/**
 * Publishes a place of three runs. Before call `at` of that program, the program waits until `meanwhile` is
 * done, and then goes on, or dies there. Returns false if the program ended before that call.
 */
async function interrupted(
  begin: (place: MemoryBackend) => Promise<void>,
  at: number,
  dies: boolean,
  meanwhile: (place: MemoryBackend) => Promise<void>,
): Promise<{ place: MemoryBackend; paused: string; outcome: unknown } | undefined> {
  const place = memoryBackend();
  for (const id of ["r1", "r2", "r3"]) await place.create(`runs/${id}/run.json`, empty);
  await begin(place);
  await place.create("runs/r4/run.json", empty);
  let paused: string | undefined;
  const slow = program(place, async (call, name) => {
    if (paused !== undefined && dies) throw new LedgerError("IO", "the process died");
    if (call !== at) return;
    paused = name;
    await meanwhile(place);
    if (dies) throw new LedgerError("IO", "the process died");
  });
  const outcome = await publish(slow).then(
    () => "published",
    (error: unknown) => error,
  );
  return paused === undefined ? undefined : { place, paused, outcome };
}

test.each(beginnings)("from %s: a program that waits at any call never hides what others publish", async (_, begin) => {
  for (const times of [1, 3]) {
    for (let at = 0; ; at++) {
      const result = await interrupted(begin, at, false, async (place) => {
        for (let n = 0; n < times; n++) {
          // Other pages each time, so that those before are removed.
          await place.create(`runs/s${n}/run.json`, empty);
          await publish(place);
        }
      });
      if (result === undefined) break;
      const { place, paused, outcome } = result;
      const where = `${times} times before call ${at}, ${paused}`;
      if (outcome !== "published") expect(outcome, where).toMatchObject({ code: "CONFLICT" });
      const all = ["r1", "r2", "r3", "r4", ...Array.from({ length: times }, (_each, n) => `s${n}`)];
      const keys = all.map((id) => `runs/${id}/run.json`);
      // No backend can remove an object only if it is unchanged. The program that did it says so.
      const isWindow = paused === "remove published/index.json";
      if (isWindow) expect(outcome, where).not.toBe("published");
      else expect(await keysOf(place), where).toEqual(keys);
      await publish(place);
      expect(await keysOf(place), where).toEqual(keys);
      expect(await place.stat("published/next.json")).toBeUndefined();
    }
  }
});

/** All pairs of calls take long. */
const pairs = isFull ? { beginnings, step: 1 } : { beginnings: beginnings.slice(0, 1), step: 4 };
test.each(pairs.beginnings)(
  "from %s: two programs at once, of which one or both die, leave an index",
  async (_, begin) => {
    // Without an index at the beginning there may be none at the end, too.
    const hadNone = begin === beginnings[1]?.[1];
    for (const dies of [true, false]) {
      for (let at = 0, isLast = false; !isLast; at++) {
        for (let last = 0, isWhole = false; !isWhole && !isLast; last += pairs.step) {
          const result = await interrupted(begin, at, dies, async (place) => {
            await place.create("runs/s0/run.json", empty);
            isWhole = await publish(mortal(place, last)).then(
              () => true,
              (error: unknown) => LedgerError.hasCode(error, "CONFLICT"),
            );
          });
          isLast = result === undefined;
          if (result === undefined) continue;
          const where = `the first at call ${at}, ${result.paused}, the second at call ${last}`;
          const keys = await keysOf(result.place).catch((error: LedgerError) => error);
          if (hadNone && LedgerError.hasCode(keys, "UNSUPPORTED")) expect(result.outcome, where).not.toBe("published");
          else expect(keys, where).toContain("runs/r1/run.json");
          await publish(result.place);
          expect((await keysOf(result.place)).length, where).toBe(5);
        }
      }
    }
  },
);
