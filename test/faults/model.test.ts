/* oxlint-disable vitest/no-standalone-expect -- the commands that expect run inside of the test below */
import fc from "fast-check";
import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, LedgerError, openLedger, type Run } from "../../src/index.ts";
import { createTestClock, type FaultMode, seededIds, type TestClock } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { type MortalBackend, mortalBackend } from "./mortal-backend.ts";
import { rounds } from "../rounds.ts";

/** `MODEL_RUNS=20000 npx vitest run test/faults/model.test.ts` looks longer. */
const RUNS = rounds(30, 300, "MODEL_RUNS");

/** One process's session: the values it logged, in order, and how many of them it was told are stored. */
interface Session {
  readonly logged: number[];
  acknowledged: number;
  closing: boolean;
}

/** What is known from outside. */
interface Model {
  readonly sessions: Session[];
  next: number;
  /** What the status must be, while nothing has happened since that could change it. */
  status: "running" | "finished" | "interrupted" | undefined;
  /** So many values the open session had logged when somebody last recovered the run. */
  loggedAtRecovery: number;
  reads: number;
}

/** The library: one place, one run, and the session that is open on it. */
interface Real {
  readonly place: Backend;
  readonly clock: TestClock;
  openings: number;
  backend: MortalBackend;
  run: Run;
}

const current = (model: Model): Session => model.sessions.at(-1) as Session;

/** A ledger as another process opens it: without faults. */
const open = (real: Real, backend: Backend = real.place): ReturnType<typeof openLedger> => {
  const seed = real.openings++;
  return openLedger(backend, { clock: real.clock, ids: seededIds(seed, () => real.clock.now()), onError: () => {} });
};

/** A call that may fail only when something went wrong on its way. */
async function attempt(real: Real, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    expect(LedgerError.is(error) && error.message).toMatch(/injected/);
    return false;
  } finally {
    expect(real.run.stats).toMatchObject({ dropped: 0 });
  }
}

/** Takes over what the session says is stored: a flush in the background counts like any other. */
function observe(model: Model, { run }: Real): void {
  const session = current(model);
  const { points, acknowledged, buffered, dropped } = run.stats;
  expect(points).toBe(session.logged.length);
  expect(acknowledged + buffered + dropped).toBe(points);
  expect(acknowledged).toBeGreaterThanOrEqual(session.acknowledged);
  session.acknowledged = acknowledged;
}

async function check(model: Model, real: Real): Promise<void> {
  const ledger = await open(real);
  const { values, steps } = await ledger.history(real.run.id, "value");
  const found = new Set(values);
  expect(found.size, "nothing is there twice").toBe(values.length);
  for (const { logged, acknowledged } of model.sessions) {
    const count = logged.filter((value) => found.has(value)).length;
    expect(count, "what was acknowledged is there").toBeGreaterThanOrEqual(acknowledged);
    expect(
      logged.slice(0, count).every((value) => found.has(value)),
      "what is there is the beginning of what was logged",
    ).toBe(true);
    for (const value of logged) found.delete(value);
  }
  expect([...found], "nothing is there that was not logged").toEqual([]);
  expect([...values]).toEqual([...steps].map((step) => step / 3));

  const record = await ledger.getRun(real.run.id);
  const { count, min, max } = record.metrics["value"] ?? { count: 0 };
  expect(count).toBe(values.length);
  if (count > 0) expect([min?.value, max?.value]).toEqual([values[0], values.at(-1)]);
  expect(record.params).toEqual({ a: 1 });
  expect(record.damage.filter(({ kind }) => kind !== "torn-tail")).toEqual([]);
  if (model.status !== undefined) expect(record.status).toBe(model.status);
  model.reads++;
}

type Command = fc.AsyncCommand<Model, Real>;
const command = (name: string, run: (model: Model, real: Real) => Promise<void>): Command => ({
  check: () => true,
  run: async (model, real) => {
    await run(model, real);
    observe(model, real);
  },
  toString: () => name,
});

const log = (rows: number): Command =>
  command(`log ${rows}`, async (model, { run }) => {
    const session = current(model);
    if (session.closing) return void expect(() => run.log({ value: 0 })).toThrow(/is closed/);
    model.status = undefined;
    for (let i = 0; i < rows; i++) {
      const value = model.next++ / 3;
      session.logged.push(value);
      run.log({ value }, { step: Math.round(value * 3) });
    }
  });

const flush = command("flush", async (model, real) => {
  const before = current(model).logged.length;
  if (real.run.status === "running") model.status = undefined;
  if (!(await attempt(real, () => real.run.flush()))) return;
  expect(real.run.stats.acknowledged).toBeGreaterThanOrEqual(before);
  // Whoever took the writer for gone was wrong: it has got further since.
  if (!current(model).closing && before > model.loggedAtRecovery) model.status = "running";
});

const finish = command("finish", async (model, real) => {
  current(model).closing = true;
  if (real.run.status === "running") model.status = undefined;
  if (await attempt(real, () => real.run.finish())) {
    expect(real.run.stats.buffered).toBe(0);
    model.status = "finished";
  }
});

const goWrong = (mode: FaultMode): Command =>
  command(`next write: ${mode}`, async (_model, { backend }) => backend.arm(mode));

/** The process dies at once, or in its next write; what it left under way lands before or after the next one has begun. */
const crash = (mode: FaultMode | undefined, settles: "before" | "after"): Command =>
  command(`crash ${mode ?? "at once"}, the rest lands ${settles}`, async (model, real) => {
    const dead = real.backend;
    if (mode !== undefined) {
      dead.arm(mode);
      await attempt(real, () => real.run.flush());
    }
    observe(model, real);
    dead.die();
    if (settles === "before") await dead.settle();
    real.backend = mortalBackend(real.place);
    real.run = await (await open(real, real.backend)).resumeRun(real.run.id);
    if (settles === "after") await dead.settle();
    model.sessions.push({ logged: [], acknowledged: 0, closing: false });
    model.loggedAtRecovery = 0;
    model.status = undefined;
  });

const settle = command("what is late lands", async (model, { backend }) => {
  model.status = undefined;
  await backend.settle();
});

const pass = (ms: number): Command =>
  command(`${ms} ms pass`, async (model, { clock, run }) => {
    if (run.status === "running") model.status = undefined;
    await clock.advance(ms);
  });

const read = command("read", check);

const recover = command("recover", async (model, real) => {
  await check(model, real);
  const ledger = await open(real);
  const { status } = await ledger.getRun(real.run.id);
  await ledger.recover(real.run.id, { graceMs: 0 });
  expect(await ledger.recover(real.run.id, { graceMs: 0 })).toEqual({ interrupted: [], running: [] });
  model.status = status === "finished" ? "finished" : "interrupted";
  model.loggedAtRecovery = current(model).logged.length;
  await check(model, real);
});

const commands = [
  fc.integer({ min: 1, max: 6 }).map(log),
  fc.constant(flush),
  fc.constant(finish),
  fc.constantFrom<FaultMode>("lost-ack", "error-before", "late").map(goWrong),
  fc
    .tuple(
      fc.constantFrom<FaultMode | undefined>(undefined, "crash-before", "crash-after", "torn", "late"),
      fc.constantFrom("before", "after"),
    )
    .map(([mode, settles]) => crash(mode, settles as "before" | "after")),
  fc.constant(settle),
  fc.constantFrom(100, 1500, 40_000).map(pass),
  fc.constant(read),
  fc.constant(recover),
];

const setup = async (place: Backend): Promise<{ model: Model; real: Real }> => {
  const clock = createTestClock();
  const backend = mortalBackend(place);
  const ledger = await openLedger(backend, { clock, ids: seededIds(1, () => clock.now()), onError: () => {} });
  const run = await ledger.startRun({ environment: false, params: { a: 1 } });
  return {
    model: {
      sessions: [{ logged: [], acknowledged: 0, closing: false }],
      next: 1,
      status: undefined,
      loggedAtRecovery: 0,
      reads: 0,
    },
    real: { place, clock, openings: 2, backend, run },
  };
};

test.each([
  ["appends", (): Backend => memoryBackend()],
  ["takes whole objects only", (): Backend => objectsOnly()],
])("any order of logging, faults, crashes, reading and recovery, where the backend %s", async (name, newPlace) => {
  let reads = 0;
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 60 }), async (list) => {
      const prepared = await setup(newPlace());
      await fc.asyncModelRun(() => prepared, list);
      await check(prepared.model, prepared.real);
      reads += prepared.model.reads;
    }),
    { numRuns: RUNS },
  );
  console.info(`model (${name}): ${RUNS} runs, ${reads} checked reads`);
});
