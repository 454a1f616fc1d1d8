import { expect } from "vitest";
import { type Backend, openLedger } from "../../../src/index.ts";
import { type Child, startChild } from "../../processes/child-process.ts";
import { rounds } from "../../rounds.ts";

const PROCESSES = rounds(4, 50);
const EACH = rounds(5, 20);
const COMPACTORS = 2;

/**
 * Processes that start and finish runs, all at once, while others search and compact and are killed again and again: each run is found,
 * once. `env`: of the processes.
 */
export async function manyProcesses(
  script: string,
  place: string,
  backend: Backend,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const told: string[] = [];
  const ledger = await openLedger(backend, { onError: (error) => told.push(error.message) });
  const start = (...command: string[]): Child => startChild([process.execPath, script, ...command], { env });
  const writers = Array.from({ length: PROCESSES }, () => start("finish", place, String(EACH)));
  let isOver = false;
  let kills = 0;
  const errors: string[] = [];
  /** Killed in the middle of what comes after so many searches. */
  const compact = async (searches: number): Promise<void> => {
    for (let round = 0; !isOver; round++) {
      const child = start("search", place);
      for (let n = 0; n <= (searches + round) % 4 && !isOver; n++) await child.line("found");
      child.kill();
      await child.ended;
      kills++;
      errors.push(...child.lines.filter((line) => line.startsWith("error")));
      for (const line of child.lines.filter((each) => each.startsWith("found"))) {
        const [, found, different] = line.split(" ");
        if (found !== different) errors.push(`a search ${line}`);
      }
    }
  };
  try {
    await Promise.all(writers.map((child) => child.line("ready")));
    const began = performance.now();
    const compactors = Array.from({ length: COMPACTORS }, (_, i) => compact(i));
    for (const child of writers) child.say("go");
    const ends = await Promise.all(writers.map((child) => child.ended));
    isOver = true;
    await Promise.all(compactors);
    const seconds = (performance.now() - began) / 1000;
    expect(ends.filter(({ code, errors }) => code !== 0 || errors !== "")).toEqual([]);
    const lines = writers.flatMap((child) => child.lines.filter((line) => line !== "ready"));
    const ids = lines.map((line) => line.slice(4)).toSorted();
    expect([...lines.filter((line) => !line.startsWith("run ")), ...errors]).toEqual([]);
    expect(ids.length).toBe(PROCESSES * EACH);

    for (let round = 0; round < 2; round++) {
      const found: string[] = [];
      for await (const { id, status } of ledger.iterateRuns({ limit: 300 })) {
        expect(status).toBe("finished");
        found.push(id);
      }
      expect(found.toSorted()).toEqual(ids);
      for (let i = 0; i < EACH; i++)
        expect((await ledger.searchRuns({ filter: `params.i = ${i}`, limit: 1000 })).runs.length).toBe(PROCESSES);
    }
    expect(told).toEqual([]);
    let segments = 0;
    for await (const { key } of backend.list("experiments")) if (key.includes("/segments/")) segments++;
    console.info(
      `${PROCESSES} processes: ${ids.length} runs in ${seconds.toFixed(1)} s, ${kills} compactors killed, ${segments} segments`,
    );
    expect(kills).toBeGreaterThanOrEqual(COMPACTORS);
    expect(await ledger.rebuildCatalog()).toEqual({ runs: ids.length });
    expect((await ledger.searchRuns({ limit: 10_000 })).runs.map(({ id }) => id).toSorted()).toEqual(ids);
  } finally {
    isOver = true;
    for (const child of writers) child.kill();
    await Promise.all(writers.map((child) => child.ended));
  }
}
