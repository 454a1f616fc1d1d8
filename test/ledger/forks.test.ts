import { describe, expect, test } from "vitest";
import { type Ledger, LedgerError, openLedger, type Run } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { createTestLedger } from "runledger/testing";
import { where } from "runledger/where";
import { encodeCheckedJson } from "../../src/bytes/checked-json.ts";
import { MAX_FORKS } from "../../src/ledger/fork-ancestors.ts";

async function withPoints(run: Run, from: number, to: number, value: number): Promise<Run> {
  for (let step = from; step <= to; step++) run.log({ loss: value + step / 100, epoch: step * 10 }, { step });
  await run.flush();
  return run;
}

async function finished(run: Run): Promise<string> {
  await run.finish();
  return run.id;
}

/** Returns the steps and the values of a history, and how many points are inherited. */
async function shown(ledger: Ledger, id: string, key = "loss", options = {}): Promise<unknown[]> {
  const { steps, values, inherited } = await ledger.history(id, key, options);
  return [[...steps], [...values], inherited];
}

describe("startRun({ forkOf })", () => {
  test("histories show the parent up to the step, then the fork; running, closed and in a chain", async () => {
    const { ledger } = await createTestLedger();
    const parent = await withPoints(await ledger.startRun({ params: { lr: 1 } }), 0, 9, 100);
    const fork = await ledger.startRun({ forkOf: { run: parent.id, step: 3 } });
    expect(await shown(ledger, fork.id)).toEqual([[0, 1, 2, 3], [100, 100.01, 100.02, 100.03], 4]);
    fork.log({ loss: 200 });
    fork.log({ loss: 201, extra: 1 });
    await fork.flush();
    const expected = [[0, 1, 2, 3, 4, 5], [100, 100.01, 100.02, 100.03, 200, 201], 4];
    expect(await shown(ledger, fork.id)).toEqual(expected);
    await finished(parent);
    await finished(fork);
    expect(await shown(ledger, fork.id)).toEqual(expected);
    expect(await shown(ledger, fork.id, "extra")).toEqual([[5], [1], 0]);
    expect(await shown(ledger, fork.id, "loss", { from: 3, to: 4 })).toEqual([[3, 4], [100.03, 200], 1]);
    expect([...(await ledger.histories(fork.id)).keys()]).toEqual(["epoch", "extra", "loss"]);

    // Before the step of the first fork: only the first run counts up to there.
    const second = await finished(await ledger.startRun({ forkOf: { run: fork.id, step: 1 } }));
    expect(await shown(ledger, second)).toEqual([[0, 1], [100, 100.01], 2]);
    const third = await finished(
      await withPoints(await ledger.startRun({ forkOf: { run: fork.id, step: 4 } }), 5, 5, 300),
    );
    expect(await shown(ledger, third)).toEqual([[0, 1, 2, 3, 4, 5], [100, 100.01, 100.02, 100.03, 200, 300.05], 5]);

    const record = await ledger.getRun(fork.id);
    expect(record).toMatchObject({ forkOf: { run: parent.id, step: 3 }, params: {} });
    expect(record.metrics["loss"]).toMatchObject({ count: 2, min: { value: 200 } });
    expect((await ledger.history(parent.id, "loss")).inherited).toBeUndefined();
  });

  test("a fork is of the experiment of its parent, unless the options name one", async () => {
    const { ledger } = await createTestLedger();
    const parent = await ledger.startRun({ experiment: "digits" });
    const forkOf = { run: parent.id, step: 0 };
    const forks = [
      await ledger.startRun({ forkOf }),
      await ledger.startRun({ forkOf, experiment: "default" }),
      await ledger.startRun({ forkOf, schema: { name: "typed" } }),
      await ledger.startRun({ forkOf, id: "own" }),
    ];
    expect(forks.map(({ experiment }) => experiment)).toEqual(["digits", "default", "typed", "digits"]);
    expect(forks[0]!.name).toMatch(/^digits-/);
    expect((await ledger.searchRuns({ experiment: "digits" })).runs).toHaveLength(3);
    for (const run of [parent, ...forks]) await run.finish();
  });

  test("x, samples, and own points before the step", async () => {
    const { ledger } = await createTestLedger();
    const parent = await finished(await withPoints(await ledger.startRun(), 0, 2000, 0));
    const fork = await ledger.startRun({ forkOf: { run: parent, step: 1000 } });
    fork.log({ loss: -1 }, { step: 500 });
    await withPoints(fork, 1001, 1500, 50);
    await fork.finish();
    const { steps, x, inherited } = await ledger.history(fork.id, "loss", { x: "epoch", from: 499, to: 1001 });
    expect([steps.length, inherited]).toEqual([504, 502]);
    expect(steps.slice(0, 4)).toEqual(Float64Array.of(499, 500, 500, 501));
    expect([x?.[0], x?.[1], x?.at(-1)]).toEqual([4990, 5000, 10_010]);
    const some = await ledger.history(fork.id, "loss", { samples: 100 });
    expect(some.values.length).toBeLessThanOrEqual(100);
    expect(some.values).toContain(-1);
    const own = [...some.values].filter((value) => value === -1 || value > 50).length;
    expect(some.inherited).toBe(some.values.length - own);
  });

  test("the parent goes on, and is deleted: its points up to the step stay", async () => {
    const { ledger } = await createTestLedger();
    const parent = await withPoints(await ledger.startRun(), 0, 1, 0);
    const fork = await finished(await ledger.startRun({ forkOf: { run: parent.id, step: 3 } }));
    expect((await shown(ledger, fork))[0]).toEqual([0, 1]);
    await withPoints(parent, 2, 9, 0);
    expect((await shown(ledger, fork))[0]).toEqual([0, 1, 2, 3]);
    await parent.finish();
    await ledger.deleteRun(parent.id);
    expect((await shown(ledger, fork))[0]).toEqual([0, 1, 2, 3]);
  });

  test("steps continue after the step of the fork, also when it is resumed", async () => {
    const { ledger } = await createTestLedger();
    const parent = await finished(await ledger.startRun());
    const fork = await finished(await ledger.startRun({ id: "fork", forkOf: { run: parent, step: 41 } }));
    const again = await ledger.resumeRun(fork);
    again.log({ m: 1 });
    await again.finish();
    const third = await ledger.startRun({ id: "fork", resume: "allow", forkOf: { run: parent, step: 7 } });
    third.log({ m: 2 });
    await third.finish();
    expect((await shown(ledger, fork, "m"))[0]).toEqual([42, 43]);
    expect((await ledger.getRun(fork)).forkOf).toEqual({ run: parent, step: 41 });
  });

  test("a step beyond the end of a run that has ended is told, with its last step", async () => {
    const errors: LedgerError[] = [];
    const ledger = await openLedger(memoryBackend(), { onError: (error) => errors.push(error) });
    const told = async (run: string, step: number): Promise<[string, string | undefined]> => {
      const fork = await finished(await ledger.startRun({ forkOf: { run, step } }));
      const [error] = errors.splice(0);
      return [fork, error && `${error.code} ${error.field}: ${error.message}`];
    };
    const open = await ledger.startRun({ id: "parent" });
    for (let step = 0; step < 1000; step += 50) open.log({ loss: 1 }, { step });
    await open.flush();
    expect((await told("parent", 5000))[1]).toBeUndefined(); // It goes on.
    await open.finish();
    expect((await told("parent", 950))[1]).toBeUndefined();
    const [fork, message] = await told("parent", 999);
    expect(message).toBe(
      "INVALID_ARGUMENT forkOf.step: forkOf.step is 999, but the last step that run parent logged is 950: the fork has " +
        'all of its points, and continues at step 1000. To continue right behind them, pass forkOf: { run: "parent", step: 950 }',
    );
    // A fork without points of its own, and one with points.
    expect((await told(fork, 999))[1]).toBeUndefined();
    const second = await finished(await withPoints(await ledger.startRun({ forkOf: { run: fork, step: 0 } }), 1, 7, 0));
    expect((await told(second, 7))[1]).toBeUndefined();
    expect((await told(second, 8))[1]).toContain(`the last step that run ${second} logged is 7`);
    await open.finish();
    const empty = await finished(await ledger.startRun());
    expect((await told(empty, 41))[1]).toBeUndefined();
  });

  test("a parent that is missing or damaged: the fork's points, what is lost, and an error for onError", async () => {
    const backend = memoryBackend();
    const errors: LedgerError[] = [];
    const ledger = await openLedger(backend, { onError: (error) => errors.push(error) });
    const root = await finished(await withPoints(await ledger.startRun({ id: "root" }), 0, 2, 0));
    const parent = await finished(
      await withPoints(await ledger.startRun({ id: "parent", forkOf: { run: root, step: 1 } }), 2, 5, 100),
    );
    const fork = await finished(
      await withPoints(await ledger.startRun({ id: "fork", forkOf: { run: parent, step: 3 } }), 4, 4, 200),
    );
    expect((await shown(ledger, fork))[1]).toEqual([0, 0.01, 100.02, 100.03, 200.04]);
    await backend.remove("runs/root/metrics.parquet");
    expect(await ledger.history(fork, "loss")).toMatchObject({
      steps: Float64Array.of(2, 3, 4),
      inherited: 2,
      lost: expect.stringMatching(/^points that run fork inherits are left out: run root /),
    });
    expect(errors.at(-1)).toMatchObject({ code: "CORRUPT" });
    for await (const { key } of backend.list("runs/parent")) await backend.remove(key);
    const rest = await ledger.histories(fork, ["loss", "epoch", "other"]);
    expect([...rest.keys()]).toEqual(["loss", "epoch", "other"]);
    expect(rest.get("loss")).toMatchObject({
      steps: Float64Array.of(4),
      inherited: 0,
      lost: expect.stringContaining("run parent is missing"),
    });
    expect(rest.get("other")).toMatchObject({ steps: new Float64Array(0), lost: expect.anything() });
  });

  test("hostile chains end: circles, and more forks than any program makes", async () => {
    const backend = memoryBackend();
    const ledger = await openLedger(backend, { onError: () => {} });
    const create = async (id: string, run: string, step = 5): Promise<void> => {
      const created = {
        v: 1,
        id,
        experiment: "e",
        name: id,
        createdAt: 1,
        writer: { id: "w", beatMs: 1 },
        forkOf: { run, step },
      };
      await backend.create(`runs/${id}/run.created.json`, encodeCheckedJson(created, "run"));
    };
    await create("a", "b");
    await create("b", "a");
    await create("self", "self");
    expect((await ledger.history("a", "m")).lost).toContain("run a is a fork of itself");
    expect((await ledger.history("self", "m")).lost).toContain("run self is a fork of itself");
    for (let i = 0; i <= MAX_FORKS + 2; i++) await create(`r${i}`, `r${i + 1}`);
    expect((await ledger.history("r0", "m")).lost).toContain(`more than ${MAX_FORKS} forks`);
    for (const [i, wrong] of [{ run: "../x", step: 1 }, { run: "a", step: 0.5 }, { run: 1, step: 1 }, []].entries()) {
      await backend.create(
        `runs/w${i}/run.created.json`,
        encodeCheckedJson(
          {
            v: 1,
            id: `w${i}`,
            experiment: "e",
            name: "n",
            createdAt: 1,
            writer: { id: "w", beatMs: 1 },
            forkOf: wrong,
          },
          "run",
        ),
      );
      await expect(ledger.getRun(`w${i}`)).rejects.toMatchObject({ code: "CORRUPT" });
    }
  });

  test("searches by fork_of, from records and from segments", async () => {
    const { ledger, backend } = await createTestLedger();
    const parent = await finished(await ledger.startRun());
    const fork = await finished(await ledger.startRun({ forkOf: { run: parent, step: 0 } }));
    const find = async (from: Ledger): Promise<unknown[]> => {
      const queries = [`fork_of = '${parent}'`, `forkOf IN ('${parent}')`, where.attribute("fork_of").eq(parent)];
      const pages = await Promise.all(queries.map((filter) => from.searchRuns({ filter, fields: ["forkOf", "name"] })));
      return pages.map(({ runs }) => runs.map(({ id, forkOf }) => [id, forkOf]));
    };
    const expected = Array.from({ length: 3 }, () => [[fork, { run: parent, step: 0 }]]);
    expect(await find(await openLedger(backend))).toEqual(expected);
    expect(await find(await openLedger(backend))).toEqual(expected);
  });

  test.each<[unknown, string, string]>([
    [5, "forkOf", "INVALID_ARGUMENT"],
    [{ run: 5, step: 1 }, "forkOf.run", "INVALID_ARGUMENT"],
    [{ run: "none" }, "forkOf.step", "INVALID_ARGUMENT"],
    [{ run: "none", step: 0.5 }, "forkOf.step", "INVALID_ARGUMENT"],
    [{ run: "none", step: 2 ** 53 }, "forkOf.step", "INVALID_ARGUMENT"],
    // No row could follow without a step of its own.
    [{ run: "none", step: Number.MAX_SAFE_INTEGER }, "forkOf.step", "INVALID_ARGUMENT"],
    [{ run: "none", step: Number.MAX_SAFE_INTEGER - 1 }, "forkOf.run", "RUN_NOT_FOUND"],
    [{ run: "none", step: 1 }, "forkOf.run", "RUN_NOT_FOUND"],
    [{ run: "../none", step: 1 }, "forkOf.run", "RUN_NOT_FOUND"],
    [{ run: "none", step: 1, from: 2 }, "from", "UNSUPPORTED"],
    [{ id: "none", step: 1 }, "id", "UNSUPPORTED"],
  ])("forkOf: %j is refused, and starts nothing", async (forkOf, field, code) => {
    const { ledger } = await createTestLedger();
    const error = await ledger.startRun({ forkOf } as never).catch((reason: unknown) => reason);
    expect(LedgerError.is(error) && [error.code, error.field]).toEqual([code, field]);
    expect((await ledger.searchRuns()).runs).toEqual([]);
  });
});
