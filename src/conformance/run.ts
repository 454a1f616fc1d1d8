import type { Backend } from "../backend/backend.ts";
import { ContractViolation, describe } from "./assertions.ts";
import { type ConformanceCase, missing } from "./case.ts";
import type { ConformanceHarness, OtherProcess } from "./harness.ts";
import { assertMethods } from "./methods.ts";
import { contract } from "./contract.ts";

/** How a case ended. A case that fails rejects instead. */
export type CaseResult =
  | {
      /** The backend keeps this part of the contract. */
      readonly status: "passed";
    }
  | {
      /** The case does not apply to this backend. */
      readonly status: "skipped";
      /** What the backend does not declare. */
      readonly reason: string;
    };

/**
 * Runs one case in a place of its own. Returns `skipped` if the opened backend does not declare what the case needs.
 * Rejects with a `ContractViolation` if the backend breaks the contract, or if the case takes longer than the harness
 * allows.
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
  const others: OtherProcess[] = [];
  const otherProcess =
    place.otherProcess &&
    (async (): Promise<OtherProcess> => {
      const other = await place.otherProcess!();
      others.push(other);
      return other;
    });
  let failure: { error: unknown } | undefined;
  let reason: string | undefined;
  try {
    const backend = await open();
    const world = { backend, open, otherProcess };
    reason = missing(world, one.needs);
    if (reason === undefined) {
      assertMethods(backend);
      await inTime(limitMs, "the case", () => one.run(world));
    }
  } catch (error) {
    failure = { error };
  }
  const ends = [
    ...others.map((other) => () => other.kill()),
    ...handles.map((handle) => () => handle.close?.()),
    () => place.teardown(),
  ];
  for (const end of ends) {
    try {
      await inTime(limitMs, "kill(), close() or teardown()", async () => await end());
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

/** The longest that a case may take, in ms, unless the harness says otherwise. */
export const LIMIT_MS = 60_000;

/**
 * Returns what `work` resolves to. Throws a `ContractViolation` if that takes longer than `limitMs`, but does not stop
 * `work`.
 */
export async function inTime<T>(limitMs: number, what: string, work: () => Promise<T>): Promise<T> {
  let handle: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    handle = setTimeout(
      () => reject(new ContractViolation(`${what} did not end within ${limitMs / 1000} s`, contract.promise)),
      limitMs,
    );
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(handle);
  }
}
