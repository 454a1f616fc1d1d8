import { expect } from "vitest";
import { type Backend, LedgerError, openLedger, type Run } from "../../../src/index.ts";
import { startChild } from "../../processes/child-process.ts";

/** A process logs and flushes as fast as it can while this one resumes its run exclusively. `env`: of the process. */
export async function shutOutProcess(
  script: string,
  place: string,
  backend: Backend,
  env?: NodeJS.ProcessEnv,
): Promise<{ acknowledged: number }> {
  const ledger = await openLedger(backend);
  const child = startChild([process.execPath, script, place], env && { env });
  try {
    const id = (await child.line("run ")).slice(4);
    await child.line("ack");
    const heir = await ledger.resumeRun(id, { mode: "exclusive" });
    heir.log({ value: -1 });
    await heir.flush();
    const [, finish, flush, told] = (await child.line("fenced")).split(" ");
    const { code, errors } = await child.ended;
    expect({ finish, flush, code, errors }).toEqual({ finish: "FENCED", flush: "FENCED", code: 0, errors: "" });
    heir.log({ value: -2 });
    await heir.finish();

    const acknowledged = Number(told);
    const flushed = Number(child.lines.findLast((line) => line.startsWith("ack "))?.slice(4));
    expect(acknowledged).toBeGreaterThanOrEqual(flushed);
    const { values, steps } = await ledger.history(id, "value");
    // The claim went on behind all that was acknowledged: it knew of it.
    expect(steps[values.indexOf(-1)]).toBeGreaterThanOrEqual(acknowledged);
    const theirs = [...values].filter((value) => value >= 0);
    expect(theirs.length).toBeGreaterThanOrEqual(acknowledged);
    expect(theirs).toEqual(theirs.map((_, i) => i));
    expect(values.length).toBe(theirs.length + 2);
    const record = await ledger.getRun(id);
    expect(record).toMatchObject({ status: "finished", damage: [], metrics: { value: { count: values.length } } });
    return { acknowledged };
  } finally {
    child.kill();
    await child.ended;
  }
}

/** In one process a writer logs on, and two resume its run exclusively at once; each has a handle of its own. */
export async function twoClaims(newBackend: () => Backend): Promise<{ acknowledged: number }> {
  const old = await (await openLedger(newBackend())).startRun({ environment: false, flush: { intervalMs: 1e9 } });
  const sessions: { run: Run; acknowledged: number[] }[] = [];
  let next = 0;
  /** Until it is shut out, or has been told so often that what it logged is stored. */
  const writeOn = async (run: Run, flushes: number): Promise<"fenced" | "not fenced"> => {
    const session = { run, acknowledged: [] as number[] };
    sessions.push(session);
    for (let i = 0; i < flushes; i++) {
      const value = next++;
      run.log({ value }, { step: value });
      try {
        await run.flush();
        session.acknowledged.push(value);
      } catch (error) {
        if (!LedgerError.hasCode(error, "FENCED")) throw error;
        return "fenced";
      }
    }
    return "not fenced";
  };
  const claim = async (): Promise<"fenced" | "not fenced"> => {
    const ledger = await openLedger(newBackend());
    const run = await ledger.resumeRun(old.id, { mode: "exclusive", flush: { intervalMs: 1e9 } }).catch((error) => {
      if (!LedgerError.hasCode(error, "FENCED")) throw error;
    });
    return run ? await writeOn(run, 5) : "fenced";
  };
  const ends = await Promise.all([writeOn(old, 10_000), claim(), claim()]);
  expect(ends[0]).toBe("fenced");
  // The earlier of the two may have had its five flushes before the later one came.
  expect(ends.slice(1)).toContain("not fenced");
  const ledger = await openLedger(newBackend());
  const { values } = await ledger.history(old.id, "value");
  const found = new Set(values);
  expect(found.size).toBe(values.length);
  const acknowledged = sessions.flatMap((session) => session.acknowledged);
  expect(acknowledged.filter((value) => !found.has(value))).toEqual([]);
  expect((await ledger.getRun(old.id)).damage).toEqual([]);

  const heir = await ledger.resumeRun(old.id, { mode: "exclusive" });
  for (const { run } of sessions) {
    run.log({ value: -1 });
    await expect(run.flush()).rejects.toMatchObject({ code: "FENCED" });
  }
  await heir.finish();
  expect((await ledger.getRun(old.id)).status).toBe("finished");
  return { acknowledged: acknowledged.length };
}
