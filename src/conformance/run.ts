import type { Backend } from "../backend/backend.ts";
import { ContractViolation, describe } from "./assertions.ts";
import { type ConformanceCase, missing } from "./case.ts";
import type { ConformanceHarness } from "./harness.ts";
import { assertMethods } from "./methods.ts";
import { inTime, LIMIT_MS } from "./time-limit.ts";

export type CaseResult = { readonly status: "passed" } | { readonly status: "skipped"; readonly reason: string };

/**
 * Runs one case in a place of its own. Rejects with a `ContractViolation` when the contract is broken; `skipped` when the
 * backend that was opened does not declare what the case needs. A case that takes longer than the harness allows fails too.
 */
export async function runCase(harness: ConformanceHarness, one: ConformanceCase): Promise<CaseResult> {
  const { limitMs = LIMIT_MS } = harness;
  const place = await harness.setup();
  const handles: Backend[] = [];
  const open = async (): Promise<Backend> => {
    const handle = await place.open();
    handles.push(handle);
    return handle;
  };
  let failure: { error: unknown } | undefined;
  let reason: string | undefined;
  try {
    const backend = await open();
    reason = missing(backend, one.needs);
    if (reason === undefined) {
      assertMethods(backend);
      await inTime(limitMs, "the case", () => one.run({ backend, open }));
    }
  } catch (error) {
    failure = { error };
  }
  for (const end of [...handles.map((handle) => () => handle.close?.()), () => place.teardown()]) {
    try {
      await inTime(limitMs, "close() or teardown()", async () => await end());
    } catch (error) {
      failure ??= { error };
    }
  }
  if (failure !== undefined) throw explained(failure.error, harness, one);
  return reason === undefined ? { status: "passed" } : { status: "skipped", reason };
}

function explained(error: unknown, harness: ConformanceHarness, one: ConformanceCase): ContractViolation {
  const lines = [`${harness.name}: ${one.name}`];
  const sentence = error instanceof ContractViolation ? error.sentence : undefined;
  if (error instanceof ContractViolation) lines.push(error.message);
  else lines.push(`a call that must succeed failed with ${describe(error)}`);
  if (sentence !== undefined) lines.push(`The contract says: "${sentence}."`);
  return new ContractViolation(lines.join("\n  "), sentence, error);
}
