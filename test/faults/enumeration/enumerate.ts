import { afterAll, expect, test } from "vitest";
import {
  createTestClock,
  type Fault,
  type FaultMode,
  faultyBackend,
  type LoggedOperation,
} from "../../../src/testing/index.ts";
import { violations } from "./invariants.ts";
import { stateOf } from "./state.ts";
import { Oracle } from "./oracle.ts";
import { type Contents, copyOf, type Place, START, watched } from "./places.ts";
import {
  abandoned,
  type Caller,
  finishedRun,
  GaveUp,
  lateSessions,
  recovery,
  twoSessions,
  type Workload,
} from "./workload.ts";
import { isFull, sampled, stride } from "../../rounds.ts";

const MODES: readonly FaultMode[] = [
  "crash-before",
  "crash-after",
  "torn",
  "error-before",
  "lost-ack",
  "late",
  "stale-list",
];
/** A process that died cannot try again. */
const callersFor = (mode: FaultMode): readonly Caller[] =>
  mode === "crash-before" || mode === "crash-after" || mode === "torn" ? ["gives up"] : ["gives up", "tries again"];

/** Whether a fault did what an earlier mode, or none, would not have done: where a call changes nothing, nothing can come late or in part. */
function matters({ fault, operation }: LoggedOperation): boolean {
  if (fault === "stale-list") return operation === "list";
  if (fault === "torn") return operation === "create" || operation === "append";
  return fault === "crash-after" || fault === "late" ? !["read", "stat", "list"].includes(operation) : true;
}

/** When calls that are late take effect. */
type Landing = "at the end" | "after recovery";

/** What somebody left in a place, and what is known of it. */
interface Left {
  readonly contents: Contents;
  /** Returns what is known, for one scenario. */
  readonly known: () => Oracle;
}

export interface Scenario {
  /** For the count. */
  readonly name: string;
  readonly newPlace: () => Promise<Place>;
  readonly work: Workload;
  readonly faults: readonly Fault[];
  readonly caller: Caller;
  readonly landing?: Landing;
  readonly left?: Left | undefined;
}

const counts = new Map<string, number>();
/** States in which nothing was wrong. Many faults lead to the same one, and to look at it again shows nothing new. */
const sound = new Set<string>();

/** Runs a workload with faults in a place of its own. Gives the operations it made, and what is wrong afterwards. */
export async function play(scenario: Scenario): Promise<{ operations: readonly LoggedOperation[]; wrong: string[] }> {
  const { name, newPlace, work, faults, caller, landing = "at the end", left } = scenario;
  const place = await newPlace();
  try {
    const clock = createTestClock(START);
    const oracle = left?.known() ?? new Oracle();
    if (left) await place.put(left.contents);
    const { backend: inner, idle } = watched(place.open(clock));
    const backend = faultyBackend(inner, faults);
    try {
      await work(backend, caller, clock, oracle);
    } catch (error) {
      if (!(error instanceof GaveUp)) throw error;
    }
    // Processes that gave up are gone: nothing lets their time pass any more. What they began has ended, or is late.
    await idle();
    const operations = backend.operations.log;
    if (!operations.every(matters)) return { operations, wrong: [] };
    counts.set(name, (counts.get(name) ?? 0) + 1);
    if (landing === "at the end") await backend.settle();
    // Where the process died, or calls land later, the place itself is looked at; elsewhere, to save time, what it holds.
    const looked = backend.crashed || landing === "after recovery" ? place : await copyOf(place);
    const staleLists = faults.some(({ mode }) => mode === "stale-list");
    if (landing === "after recovery")
      return { operations, wrong: await violations(looked, oracle, { late: () => backend.settle(), staleLists }) };
    const state = `${name} ${staleLists} ${stateOf(await looked.contents(), oracle)}`;
    const wrong = sound.has(state) ? [] : await violations(looked, oracle, { staleLists });
    if (wrong.length === 0) sound.add(state);
    return { operations, wrong };
  } finally {
    await place.remove();
  }
}

afterAll(() => {
  const total = [...counts.values()].reduce((sum, each) => sum + each, 0);
  const each = [...counts].map(([name, count]) => `${name} ${count}`).join(", ");
  console.info(`fault enumeration: ${total} different scenarios (${each}), ${sound.size} different states afterwards`);
});

/** Scenarios at a time: they wait for files and signatures. A sample has few, and more at a time would be in vain. */
const LANES = isFull ? 4 : 1;

/**
 * Lets one in `every` operations of a workload go wrong in one way, one after the other, until the workload ends before
 * the fault.
 */
async function everyOperation(
  scenario: Omit<Scenario, "faults">,
  mode: FaultMode,
  every: number,
  least: number,
): Promise<void> {
  let end = Number.POSITIVE_INFINITY;
  const lane = async (at: number): Promise<void> => {
    const { operations, wrong } = await play({ ...scenario, faults: [{ mode, at }] });
    const where = `${mode} at operation ${at} (${JSON.stringify(operations[at - 1])})`;
    expect(wrong, `${where}, a caller that ${scenario.caller}, late calls land ${scenario.landing}`).toEqual([]);
    if (operations.length < at) end = Math.min(end, at);
  };
  // Each pair of modes begins at another operation: crashes before and after every second one are all crashes there are.
  for (let next = 1 + ((MODES.indexOf(mode) >> 1) % every); next < end; next += LANES * every)
    await Promise.all(Array.from({ length: LANES }, (_, i) => lane(next + i * every)));
  expect(end, "the workload ends early without a fault").toBeGreaterThan(least);
}

/** The tests of one kind of place. */
export function enumeration(name: "memory" | "objects" | "fs" | "s3", newPlace: () => Promise<Place>): void {
  const isQuick = name === "memory" || name === "objects";
  // The places that take time get every second way in a sample, and every second operation otherwise.
  const every = stride(90, isQuick ? 1 : 2);
  const modes = isQuick ? MODES : sampled(MODES, 2);
  // What depends on the core alone is asked of memory only.
  const late: readonly Landing[] = isQuick ? ["at the end", "after recovery"] : ["at the end"];
  const everyWay = async (
    mode: FaultMode,
    callers: readonly Caller[],
    what: Pick<Scenario, "name" | "work" | "left">,
    least: number,
    step = every,
  ): Promise<void> => {
    for (const caller of callers) {
      for (const landing of mode === "late" ? late : (["at the end"] as const)) {
        await everyOperation({ ...what, newPlace, caller, landing }, mode, step, least);
      }
    }
  };

  test.each(modes)(`${name}: %s at every operation costs nothing that was acknowledged`, async (mode) => {
    await everyWay(mode, callersFor(mode), { name, work: twoSessions }, 40);
  });

  test(`${name}: whatever goes wrong in a recovery costs nothing, and the next one closes the runs`, async () => {
    const place = await newPlace();
    const like = await place.like();
    await place.remove();
    const oracle = new Oracle();
    await abandoned(like.open(createTestClock(START)), oracle);
    const left = { contents: await like.contents(), known: () => oracle };
    for (const mode of modes) {
      const callers = isQuick ? callersFor(mode) : (["gives up"] as const);
      await everyWay(mode, callers, { name: `${name} in recovery`, work: recovery, left }, 10);
    }
  });

  test(`${name}: whatever goes wrong while a run is resumed and finished again and again costs nothing`, async () => {
    const place = await newPlace();
    const like = await place.like();
    await place.remove();
    const oracle = new Oracle();
    await finishedRun(like.open(createTestClock(START)), oracle);
    const left = { contents: await like.contents(), known: () => oracle.copy() };
    // Each scenario has thousands of points, so not all operations are asked for.
    const step = stride(200, isQuick ? 15 : 60);
    for (const mode of sampled(modes, 2)) {
      const callers = isQuick ? callersFor(mode) : (["gives up"] as const);
      await everyWay(mode, callers, { name: `${name} resumed`, work: lateSessions, left }, 40, step);
    }
  });
}
