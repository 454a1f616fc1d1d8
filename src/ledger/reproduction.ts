import type { Backend } from "../backend/backend.ts";
import { inSlices } from "../platform/event-loop.ts";
import { planReproduction } from "../compare/reproduction/plan-reproduction.ts";
import type { Reproduction } from "../compare/reproduction/reproduction.ts";
import { readPatch } from "./diff-code.ts";
import { readRun } from "./read-run.ts";
import { CodeSide } from "../compare/code/code-side.ts";

/** Returns what it takes to run a run again; see `Ledger.reproduction`. */
export async function reproduction(
  backend: Backend,
  id: string,
  signal: AbortSignal | undefined,
): Promise<Reproduction> {
  const record = await readRun(backend, id, signal);
  // The patch may have the contents of untracked files.
  const hasUntracked = (record.code?.untracked.length ?? 0) > 0;
  const read = hasUntracked ? await readPatch(backend, record.code, signal) : undefined;
  const side = read && (await inSlices(CodeSide.parse("", read)));
  return planReproduction(record, new Set(side?.sections?.map(({ path }) => path)));
}
