import { expect, test } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import type { WriterFold } from "../../src/journal/writer-fold.ts";
import { seemContinued } from "../../src/run/other-writers.ts";
import type { RunContext } from "../../src/run/run-context.ts";
import type { RunCreated } from "../../src/journal/run-created.ts";

const NOW = 1_000_000;
const created = { createdAt: 0, writer: { id: "first", beatMs: 1000 } } as RunCreated;

/** Returns the fold of a session that recorded something this long ago. */
function session(writer: string, silentMs: number, more: Partial<WriterFold> = {}): WriterFold {
  return { writer, next: 5, fence: 0, beatMs: 1000, lastTime: NOW - silentMs, events: [], ...more } as never;
}

async function goesOn(folds: readonly WriterFold[], alive?: boolean, fences = 0): Promise<boolean> {
  const liveness = { token: "here", isAlive: async () => alive };
  const context = { backend: { liveness } as Partial<Backend>, clock: { now: () => NOW } } as RunContext;
  return await seemContinued(context, { created, folds, fences, ending: new Set(["first"]) });
}

test.each<[string, WriterFold, boolean | undefined, boolean]>([
  ["its thread runs, however long it was silent", session("a", 900_000, { alive: "there" }), true, true],
  ["its thread has ended", session("a", 0, { alive: "there" }), false, false],
  ["nobody knows about its thread, and it recorded something lately", session("a", 3000), undefined, true],
  ["nobody knows about its thread, and it missed three signs of life", session("a", 3001), undefined, false],
  ["it is in this thread", session("a", 0, { alive: "here" }), true, false],
  ["it left", session("a", 0, { events: [{ kind: "leave", next: 5 } as never] }), undefined, false],
  ["it left and came back", session("a", 0, { events: [{ kind: "leave", next: 4 } as never] }), undefined, true],
  ["it finished", session("a", 0, { events: [{ kind: "finish" } as never] }), undefined, false],
])("another session: %s", async (_, fold, alive, expected) => {
  expect(await goesOn([session("first", 0), fold], alive)).toBe(expected);
});

test("sessions that a fence shut out do not continue a run", async () => {
  expect(await goesOn([session("first", 0), session("a", 0)], undefined, 1)).toBe(false);
});

test("the session that began the run may have stored nothing yet", async () => {
  const others = { created, folds: [], fences: 0, ending: new Set(["joined"]) };
  const ask = (now: number): Promise<boolean> =>
    seemContinued({ backend: {}, clock: { now: () => now } } as RunContext, others);
  expect([await ask(3000), await ask(3001)]).toEqual([true, false]);
});
