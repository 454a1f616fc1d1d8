import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "vitest";
import { type Backend, openLedger } from "../../src/index.ts";
import { rounds } from "../rounds.ts";

const PROCESSES = 4;
const EACH = rounds(2000, 50_000);

/** Four processes log to one run at once; every point has to be there once, and the run finished. */
export async function fourProcessesOneRun(
  file: string,
  place: string,
  backend: Backend,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const ledger = await openLedger(backend);
  const run = await ledger.startRun({ experiment: "shared" });
  await run.flush();
  const ends = Array.from({ length: PROCESSES }, async (_, i) => {
    const child = spawn(process.execPath, [file, place, run.id, String(i * EACH), String(EACH)], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (data) => (output += String(data)));
    await once(child, "close");
    return output.trim();
  });
  expect(await Promise.all(ends)).toEqual(Array.from({ length: PROCESSES }, () => `done ${EACH}`));
  await run.finish();
  const { values, steps } = await ledger.history(run.id, "value");
  expect(values.length).toBe(PROCESSES * EACH);
  expect(values.every((value, i) => value === i && steps[i] === i)).toBe(true);
  expect(await ledger.getRun(run.id)).toMatchObject({
    status: "finished",
    metrics: { value: { count: PROCESSES * EACH } },
  });
}
