import { type Backend, type Clock, openLedger } from "../../src/index.ts";
import type { Oracle } from "./workload.ts";

async function contents(place: Backend): Promise<string> {
  const lines: string[] = [];
  for await (const { key, size } of place.list("")) lines.push(`${key} ${size}`);
  return lines.join("\n");
}

/** Everything that is wrong with a place after a workload, as text; nothing when all promises held. */
export async function violations(place: Backend, clock: Clock, oracle: Oracle): Promise<string[]> {
  const found: string[] = [];
  const { runId } = oracle;
  const ledger = await openLedger(place, { clock });
  const before = await contents(place);
  if (runId === undefined) return found;

  const { values, steps } = await ledger.history(runId, "value");
  const seen = new Map<number, number>();
  values.forEach((value, i) => {
    if (seen.has(value)) found.push(`${value} is there twice`);
    if (!oracle.logged.has(value)) found.push(`${value} was never logged`);
    if (oracle.logged.get(value) !== steps[i]) found.push(`${value} is at step ${steps[i]}`);
    seen.set(value, i);
  });
  for (const value of oracle.acknowledged) if (!seen.has(value)) found.push(`${value} was acknowledged and is lost`);

  const record = await ledger.getRun(runId);
  const count = record.metrics["value"]?.count ?? 0;
  if (count !== values.length) found.push(`the record counts ${count} points, the history has ${values.length}`);
  if (record.params["a"] !== 1) found.push("a param is lost");
  if (oracle.finished && record.status !== "finished") found.push(`the run was finished and is ${record.status}`);
  if ((await ledger.searchRuns()).runs.every(({ id }) => id !== runId)) found.push("the run is not found");
  for (const [ref, content] of oracle.artifacts) {
    const artifact = await ledger.openArtifact(ref);
    if (new TextDecoder().decode(await artifact.read()) !== content) found.push(`${ref} reads differently`);
    if (!(await artifact.verify()).intact) found.push(`${ref} does not verify`);
  }
  if ((await contents(place)) !== before) found.push("reading changed something");

  await ledger.recover(undefined, { graceMs: 0 });
  const recovered = await contents(place);
  const again = await ledger.recover(undefined, { graceMs: 0 });
  if (again.interrupted.length > 0 || (await contents(place)) !== recovered)
    found.push("recovering twice is not recovering once");
  const { status } = await ledger.getRun(runId);
  if (status === "running") found.push("after recovery the run still runs");
  const after = await ledger.history(runId, "value");
  if (after.values.join() !== values.join()) found.push("recovery changed the history");
  return found;
}
