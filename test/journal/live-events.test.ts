import fc from "fast-check";
import { expect, test } from "vitest";
import type { RunEvent } from "../../src/journal/event.ts";
import { foldRun } from "../../src/journal/fold-run.ts";
import { LiveEvents } from "../../src/journal/live-events.ts";
import { isWithinRun, MAX_RUN_SIZE } from "../../src/journal/run-size.ts";
import type { RunCreated } from "../../src/journal/run-created.ts";
import { type WriterFold, WriterFolder } from "../../src/journal/writer-fold.ts";

const key = fc.constantFrom("a", "b", "__proto__", "constructor");
const scalar = fc.oneof(fc.constantFrom(0, 1, "x", null, true), fc.constant([1, 2]));
const nested: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, fc.dictionary(key, tie("value"), { maxKeys: 2 })),
}))["value"] as fc.Arbitrary<unknown>;
const version = fc
  .record({ name: fc.constantFrom("m", "n"), version: fc.constantFrom("v0", "v1"), size: fc.nat(3) })
  .map((some) => ({ ...some, digest: "d", aliases: [], metadata: {}, createdAt: 0 }));
const anyEvent = fc.oneof(
  fc.record({ kind: fc.constant("params"), set: fc.dictionary(key, nested, { maxKeys: 3 }) }),
  fc.record(
    {
      kind: fc.constant("tags"),
      set: fc.dictionary(key, fc.constantFrom("1", "2")),
      remove: fc.array(key, { maxLength: 2 }),
    },
    { requiredKeys: ["kind"] },
  ),
  fc.record({ kind: fc.constant("note"), text: fc.constantFrom("n", "m") }),
  fc.record(
    { kind: fc.constant("metric"), name: key, goal: fc.constantFrom("minimize", "maximize"), unit: scalar },
    { requiredKeys: ["kind", "name"] },
  ),
  fc.record({ kind: fc.constantFrom("artifact", "input"), version }),
  fc.record(
    {
      kind: fc.constant("dataset"),
      name: key,
      digest: fc.constant("1"),
      uri: fc.constantFrom("x", "y"),
      size: fc.nat(3),
    },
    { requiredKeys: ["kind", "name", "digest"] },
  ),
  fc.record({ kind: fc.constant("dropped"), points: fc.nat(5) }),
  fc.record({ kind: fc.constant("clock"), jumpMs: fc.nat(5) }),
  fc.constant({ kind: "finish", status: "failed" }),
  fc.constant({ kind: "session", mode: "join", beatMs: 5 }),
);
/** Events, each of one of three writers. */
const history = fc.array(fc.tuple(anyEvent, fc.nat(2)), { maxLength: 40 });

const created: RunCreated = {
  v: 1,
  id: "run",
  experiment: "e",
  name: "n",
  createdAt: 0,
  params: { a: { b: 9, c: 1 } },
  tags: { a: "0" },
  writer: { id: "w0", beatMs: 1 },
};

function eventsOf(logged: readonly (readonly [object, number])[], writer: number): RunEvent[] {
  return logged.flatMap(([event, own], i) =>
    own === writer ? [{ ...event, v: 1, order: i + 1, time: 1000 + i } as RunEvent] : [],
  );
}

function foldOf(writer: number, events: readonly RunEvent[]): WriterFold {
  const folder = new WriterFolder();
  for (const event of events) folder.event(0, event);
  return folder.fold(`w${writer}`, 100, created);
}

test("the run is the same without what is superseded, whatever other writers recorded in between", () => {
  fc.assert(
    fc.property(history, (logged) => {
      const folds = [0, 1, 2].map((n) => foldOf(n, eventsOf(logged, n)));
      const whole = folds.map((fold, n) => ({ ...fold, events: eventsOf(logged, n) }));
      expect(foldRun(created, folds)).toEqual(foldRun(created, whole));
    }),
    { numRuns: 500 },
  );
});

test("events that were reduced before give the same result as all events", () => {
  fc.assert(
    fc.property(history, fc.nat(40), (logged, cut) => {
      const events = eventsOf(
        logged.map(([event]) => [event, 0]),
        0,
      );
      const first = foldOf(0, events.slice(0, cut));
      const folder = new WriterFolder(first);
      for (const event of events.slice(cut)) folder.event(0, event);
      expect(folder.fold("w0", 100, created)).toEqual(foldOf(0, events));
    }),
    {
      numRuns: 500,
      examples: [
        [
          [
            [{ kind: "tags", set: { a: "1", b: "1" }, remove: ["a"] }, 0],
            [{ kind: "tags", remove: ["a", "b"] }, 0],
          ],
          1,
        ],
      ],
    },
  );
});

test("the size is that of the events that count, and no event adds more than predicted", () => {
  fc.assert(
    fc.property(history, (logged) => {
      const live = new LiveEvents();
      for (const event of eventsOf(
        logged.map(([each]) => [each, 0]),
        0,
      )) {
        const { chars, values, names } = live.sizeWith(event);
        live.add(event);
        expect(live.size.chars).toBeLessThanOrEqual(chars);
        expect(live.size.values).toBeLessThanOrEqual(values);
        expect(live.size.names).toBeLessThanOrEqual(names);
      }
      const again = new LiveEvents();
      for (const event of live.list()) again.add(event);
      expect(again.list()).toEqual(live.list());
      expect(again.size.names).toBe(live.size.names);
    }),
    { numRuns: 300 },
  );
});

test("setting the same things many times takes no room", () => {
  const live = new LiveEvents();
  const add = (event: object, i: number): void => live.add({ ...event, v: 1, order: i, time: i } as RunEvent);
  for (let i = 0; i < 20_000; i++) {
    add({ kind: "tags", set: { progress: `step ${i}` } }, i);
    add({ kind: "params", set: { schedule: { step: i } } }, i);
    add({ kind: "note", text: "x".repeat(1000) }, i);
    add({ kind: "metric", name: "loss", goal: "minimize" }, i);
    add({ kind: "dataset", name: "d", digest: "1", size: i }, i);
    add({ kind: "dropped", points: 1 }, i);
    add({ kind: "clock", jumpMs: 1 }, i);
  }
  expect(live.list().length).toBeLessThan(30);
  expect(live.size.chars).toBeLessThan(3000);
  expect(isWithinRun(live.size)).toBe(true);
  expect(MAX_RUN_SIZE.chars).toBeGreaterThan(16 * 1024 * 1024);
  expect(live.list().find(({ kind }) => kind === "dropped")).toMatchObject({ points: 20_000 });
});
