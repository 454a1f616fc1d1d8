import { afterAll, describe, expect, test } from "vitest";
import {
  createTestClock,
  type Fault,
  type FaultMode,
  faultyBackend,
  type LoggedOperation,
} from "../../src/testing/index.ts";
import { violations } from "./invariants.ts";
import { Oracle } from "./oracle.ts";
import { type Place, PLACES, START } from "./places.ts";
import { abandoned, type Caller, GaveUp, oneSession, recovery, twoSessions, type Workload } from "./workload.ts";

const MODES: readonly FaultMode[] = [
  "crash-before",
  "crash-after",
  "torn",
  "error-before",
  "lost-ack",
  "late",
  "stale-list",
];
const dies = (mode: FaultMode): boolean => mode === "crash-before" || mode === "crash-after" || mode === "torn";
/** A process that died cannot try again. */
const callersFor = (mode: FaultMode): readonly Caller[] => (dies(mode) ? ["gives up"] : ["gives up", "tries again"]);

interface Outcome {
  readonly operations: readonly LoggedOperation[];
  readonly wrong: string[];
}

/** Whether a fault did what an earlier mode, or none, would not have done: without an effect there is none to come late or in part. */
function matters({ fault, operation }: LoggedOperation): boolean {
  if (fault === "stale-list") return operation === "list";
  if (fault === "torn") return operation === "create" || operation === "append";
  return fault === "crash-after" || fault === "late"
    ? operation !== "read" && operation !== "stat" && operation !== "list"
    : true;
}

/** One run of a workload with faults in a place of its own. `lands`: when calls that are late take effect. */
async function scenario(
  what: string,
  newPlace: () => Promise<Place>,
  work: Workload,
  faults: readonly Fault[],
  caller: Caller,
  lands: "at the end" | "after recovery",
  prepare?: typeof abandoned,
): Promise<Outcome> {
  const place = await newPlace();
  try {
    const clock = createTestClock(START);
    const oracle = new Oracle();
    await prepare?.(place.open(createTestClock(START)), oracle);
    const backend = faultyBackend(place.open(clock), faults);
    try {
      await work(backend, caller, clock, oracle);
    } catch (error) {
      if (!(error instanceof GaveUp)) throw error;
    }
    // Processes that gave up are gone: nothing lets their time pass any more.
    const { log } = backend.operations;
    if (!log.every(matters)) return { operations: log, wrong: [] };
    count(what);
    if (lands === "at the end") await backend.settle();
    const wrong = await violations(place, oracle, {
      ...(lands === "after recovery" && { late: () => backend.settle() }),
      staleLists: faults.some(({ mode }) => mode === "stale-list"),
    });
    return { operations: log, wrong };
  } finally {
    await place.remove();
  }
}

const counts = new Map<string, number>();
const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
afterAll(() => {
  const total = [...counts.values()].reduce((sum, each) => sum + each, 0);
  console.info(
    `fault enumeration: ${total} scenarios (${[...counts].map(([what, each]) => `${what}: ${each}`).join(", ")}), 0 violations where all tests pass`,
  );
});

/** Every operation of a workload with every way it can go wrong. */
async function enumerate(
  name: string,
  newPlace: () => Promise<Place>,
  work: Workload,
  modes: readonly FaultMode[],
  least: number,
  prepare?: typeof abandoned,
): Promise<void> {
  for (const mode of modes) {
    for (const caller of callersFor(mode)) {
      for (const lands of mode === "late" ? (["at the end", "after recovery"] as const) : (["at the end"] as const)) {
        for (let at = 1; ; at++) {
          const { operations, wrong } = await scenario(name, newPlace, work, [{ mode, at }], caller, lands, prepare);
          expect(
            wrong,
            `${mode} at operation ${at} (${JSON.stringify(operations[at - 1])}), a caller that ${caller}, what is late lands ${lands}`,
          ).toEqual([]);
          if (operations.length < at) {
            expect(at, "the workload ends early without a fault").toBeGreaterThan(least);
            break;
          }
        }
      }
    }
  }
}

describe.each(Object.entries(PLACES))("on %s", (name, newPlace) => {
  test.each(MODES)("%s at every operation costs nothing that was acknowledged", async (mode) => {
    await enumerate(name, newPlace, twoSessions, [mode], 40);
  });

  test("anything that goes wrong in a recovery costs nothing, and the next one closes the runs", async () => {
    await enumerate(`${name}, recovery`, newPlace, recovery, MODES, 10, abandoned);
  });
});

describe.each(["memory", "memory, whole objects only"] as const)("two faults, on %s", (name) => {
  const firsts: readonly FaultMode[] = ["error-before", "lost-ack", "late"];
  test.each(firsts)("%s and then another, at every pair of operations", async (first) => {
    for (const second of ["crash-after", "torn", "error-before", "lost-ack", "late"] as const) {
      for (let a = 1, isOver = false; !isOver; a++) {
        for (let b = a + 1; ; b++) {
          const { operations, wrong } = await scenario(
            `${name}, pairs`,
            PLACES[name],
            oneSession,
            [
              { mode: first, at: a },
              { mode: second, at: b },
            ],
            "tries again",
            "at the end",
          );
          expect(wrong, `${first} at operation ${a}, ${second} at ${b}`).toEqual([]);
          isOver = operations.length < a;
          if (operations.length < b) break;
        }
      }
    }
  });
});
