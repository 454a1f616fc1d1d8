import { LedgerError } from "../index.ts";
import type { GuardedRun } from "./guarded-run.ts";

export interface GuardOptions {
  /** Longest the process is held up to close the run, in ms. Default 10,000. */
  readonly timeoutMs?: number | undefined;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Closes a run truthfully however the process ends: SIGINT and SIGTERM as `killed`, an uncaught error or rejection as
 * `failed` with the error, a normal end as `finished`. The process then ends as it would have: by the signal, with exit code 1
 * and the error on stderr, or with its own exit code. A second signal ends it at once. Other listeners for the same event keep
 * the last word. `process.exit()` leaves no time to store what is buffered: await `run.finish()` before it.
 *
 * Returns a function that takes the guard off. It comes off by itself once the run is closed by it.
 */
export function guardProcess(run: GuardedRun, options?: GuardOptions): () => void {
  const { timeoutMs } = checkGuard(run, options);
  let ending = false;

  const close = async (work: () => Promise<void>): Promise<void> => {
    ending = true;
    // Not unref'd: it is what keeps the process alive while the run is being closed.
    let timeout: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timeout = setTimeout(resolve, timeoutMs)));
    await Promise.race([work().catch(report), late]);
    clearTimeout(timeout);
    release();
  };
  const report = (error: unknown): void => console.error(`runledger: run ${run.id} could not be closed:`, error);

  const onSignal = (signal: NodeJS.Signals): void => {
    const alone = process.listenerCount(signal) === 1;
    if (ending) {
      release();
      if (alone) process.kill(process.pid, signal);
      return;
    }
    void close(() => run.finish("killed")).then(() => alone && process.kill(process.pid, signal));
  };
  const onError = (error: unknown): void => {
    const alone = process.listenerCount("uncaughtException") === 1;
    if (alone) console.error(error);
    if (ending) return;
    void close(() => run.fail(error)).then(() => {
      if (alone) process.exit(1);
    });
  };
  const onEnd = (exitCode: number): void => {
    if (!ending && run.status === "running") void close(() => run.finish(exitCode === 0 ? "finished" : "failed"));
  };

  const release = (): void => {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
    process.removeListener("uncaughtException", onError);
    process.removeListener("beforeExit", onEnd);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on("uncaughtException", onError);
  process.on("beforeExit", onEnd);
  return release;
}

/** Throws before anything listens: `INVALID_ARGUMENT`, or `UNSUPPORTED` for an option that there is not. */
function checkGuard(run: GuardedRun, options: GuardOptions = {}): Required<GuardOptions> {
  const wrong = (field: string, expected: string, found: string, cause?: unknown): LedgerError =>
    new LedgerError("INVALID_ARGUMENT", `${field} must be ${expected}, but ${found}`, { field, cause });
  try {
    if (typeof (run as Partial<GuardedRun> | undefined)?.finish !== "function") {
      const isPromise = typeof (run as unknown as Partial<Promise<GuardedRun>> | undefined)?.then === "function";
      throw wrong("run", "a Run", isPromise ? "is a Promise: await it first" : "is something else");
    }
    if (typeof options !== "object" || options === null) throw wrong("options", "an object", "is something else");
    const unknown = Object.keys(options).find(
      (name) => name !== "timeoutMs" && Reflect.get(options, name) !== undefined,
    );
    if (unknown !== undefined) {
      const message = `guardProcess does not know the option ${JSON.stringify(unknown.slice(0, 100))}, only "timeoutMs"`;
      throw new LedgerError("UNSUPPORTED", message, { field: unknown.slice(0, 100) });
    }
    const { timeoutMs = 10_000 } = options;
    if (typeof timeoutMs !== "number" || !(timeoutMs >= 0))
      throw wrong("timeoutMs", "a number of ms", `is ${typeof timeoutMs === "number" ? timeoutMs : typeof timeoutMs}`);
    return { timeoutMs };
  } catch (error) {
    throw LedgerError.is(error) ? error : wrong("options", "readable", "a getter or a proxy throws", error);
  }
}
