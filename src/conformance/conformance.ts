import type { ConformanceCase } from "./case.ts";
import { checkHarness } from "./check-harness.ts";
import { conformanceCases } from "./cases.ts";
import type { ConformanceHarness } from "./harness.ts";
import { runCase } from "./run.ts";

/** The part of a test runner's context that this module uses. */
interface RunnerContext {
  skip?: (reason?: string) => unknown;
}

/** `test` of vitest, node:test, Bun, Deno (`Deno.test`), Jest, Mocha (`it`), … */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown;

/**
 * Registers a test of the harness, then every case as a test. Each case fails if the harness is wrong. A case that does
 * not apply to the backend is reported as skipped with the reason. If the runner cannot skip a test that has begun, the
 * reason is logged.
 */
export function conformance(
  harness: ConformanceHarness,
  runner:
    | TestFunction
    | {
        /** Registers a test. */
        readonly test: TestFunction;
      },
): void {
  const test = typeof runner === "function" ? runner : runner.test;
  let checked: Promise<void> | undefined;
  const check = (): Promise<void> => (checked ??= checkHarness(harness));
  test(`${harness.name}: the harness makes a new empty place each time, and opens it again`, check);
  for (const one of conformanceCases) test(`${harness.name}: ${one.name}`, body(harness, one, check));
}

/**
 * Returns the function of a test. It declares no parameter, because several runners would then pass a callback. The
 * context is an argument or `this`.
 */
function body(harness: ConformanceHarness, one: ConformanceCase, check: () => Promise<void>): () => Promise<void> {
  return async function (this: unknown, ...given: unknown[]): Promise<void> {
    await check();
    const result = await runCase(harness, one);
    if (result.status === "passed") return;
    const context = [given[0], this].find(
      (candidate) => typeof (candidate as RunnerContext | undefined)?.skip === "function",
    );
    if (context !== undefined) (context as Required<RunnerContext>).skip(result.reason);
    else console.log(`skipped: ${harness.name}: ${one.name} (${result.reason})`);
  };
}
