import { LedgerError } from "../index.ts";

/**
 * The members of a `Run` that `guardProcess` uses. An interface, because TypeScript takes the class `Run` of a CommonJS file and that of an ES
 * module for two classes.
 */
export interface GuardedRun {
  /** The id of the run. */
  readonly id: string;
  /** The status of the run. */
  readonly status: string;
  /** Closes the run. */
  finish(status: "finished" | "failed" | "killed"): Promise<void>;
  /** Closes the run as failed, with an error. */
  fail(error: unknown): Promise<void>;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** Longest delay that a timer keeps to, in ms. */
const MAX_TIMEOUT_MS: number = 2 ** 31 - 1;
/** All copies of the library in a process share the guard. `src/run/process-guard.ts` says what runs ask of it. */
const GUARD: unique symbol = Symbol.for("runledger.processGuard.1");

interface Guarded {
  readonly run: GuardedRun;
  readonly timeoutMs: number;
}

type End = (run: GuardedRun) => Promise<void>;

/**
 * Closes the guarded runs of this process together when it is about to end. It listens once for all of them, and only while there
 * are any: a listener for each run would take those of the others for listeners of the program, which have the last word.
 */
export class ProcessGuard {
  readonly #guarded = new Set<Guarded>();
  /** Ids: the program may guard an object that only stands for a run. */
  readonly #closed = new Set<string>();
  /** How runs are closed, since the process is about to end. */
  #end: End | undefined;
  #closings: Promise<void>[] = [];

  /** The guard of this process. */
  static get(): ProcessGuard {
    const holder = process as unknown as { [GUARD]?: ProcessGuard };
    if (holder[GUARD] === undefined) Object.defineProperty(process, GUARD, { value: new ProcessGuard() });
    return holder[GUARD] as ProcessGuard;
  }

  get isEnding(): boolean {
    return this.#end !== undefined;
  }

  hasClosed(runId: string): boolean {
    return this.#closed.has(runId);
  }

  /** Returns a function that takes the guard off the run. */
  add(run: GuardedRun, timeoutMs: number): () => void {
    if (run.status !== "running") return () => {};
    const guarded = { run, timeoutMs: Math.min(timeoutMs, MAX_TIMEOUT_MS) };
    if (this.#guarded.size === 0 && !this.isEnding) this.#listen();
    this.#guarded.add(guarded);
    if (this.#end) this.#closings.push(this.#closeLast(guarded, this.#end));
    return () => this.#remove(guarded);
  }

  ended(run: object): void {
    for (const guarded of this.#guarded)
      if (guarded.run === run || guarded.run.status !== "running") this.#remove(guarded);
  }

  #remove(guarded: Guarded): void {
    if (this.#guarded.delete(guarded) && this.#guarded.size === 0 && !this.isEnding) this.#unlisten();
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    const alone = process.listenerCount(signal) === 1;
    const kill = (): boolean => process.kill(process.pid, signal);
    if (!this.isEnding) return void this.#closeAll((run) => run.finish("killed"), alone ? kill : undefined);
    this.#unlisten();
    if (alone) kill();
  };

  readonly #onError = (error: unknown, origin: string): void => {
    const alone = process.listenerCount("uncaughtException") === 1;
    if (!this.isEnding)
      return void this.#closeAll((run) => run.fail(error), alone ? () => throwAgain(error, origin) : undefined);
    // That a run is closed is news to the program alone.
    if (alone && !LedgerError.hasCode(error, "RUN_CLOSED")) console.error(error);
  };

  readonly #onBeforeExit = (exitCode: number): void => {
    if (this.isEnding) return;
    const status = exitCode === 0 ? "finished" : "failed";
    for (const guarded of this.#guarded)
      // One attempt: a run that cannot be closed must not keep the process for ever.
      void close(guarded, (run) => run.finish(status)).then(() => this.#remove(guarded));
  };

  /** Then ends the process, unless that is left to others. */
  async #closeAll(end: End, endProcess: (() => void) | undefined): Promise<void> {
    this.#end = end;
    for (const guarded of this.#guarded) this.#closings.push(this.#closeLast(guarded, end));
    // Twice, for runs that were begun meanwhile. More could go on for ever.
    for (let round = 0; round < 2; round++) await Promise.all(this.#closings.splice(0));
    this.#closings = [];
    this.#guarded.clear();
    this.#unlisten();
    endProcess?.();
    // A listener that came meanwhile may have kept the process.
    setImmediate(() => (this.#end = undefined));
  }

  #closeLast(guarded: Guarded, end: End): Promise<void> {
    this.#closed.add(guarded.run.id);
    return close(guarded, end);
  }

  #listen(): void {
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    process.on("uncaughtException", this.#onError);
    process.on("beforeExit", this.#onBeforeExit);
  }

  #unlisten(): void {
    for (const signal of SIGNALS) process.removeListener(signal, this.#onSignal);
    process.removeListener("uncaughtException", this.#onError);
    process.removeListener("beforeExit", this.#onBeforeExit);
  }
}

/** Never rejects. */
async function close({ run, timeoutMs }: Guarded, end: End): Promise<void> {
  // Not unref'd: it is what keeps the process alive while the run is being closed.
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => (timeout = setTimeout(() => resolve("late"), timeoutMs)));
  try {
    if ((await Promise.race([end(run), late])) === "late")
      console.error(`runledger: run ${run.id} could not be closed in ${timeoutMs} ms`);
  } catch (error) {
    console.error(`runledger: run ${run.id} could not be closed:`, error);
  } finally {
    clearTimeout(timeout);
  }
}

/** Nobody listens any more: the platform shows the error and ends the process, or the worker thread with an `error` event. */
function throwAgain(error: unknown, origin: string): void {
  if (origin === "unhandledRejection") void Promise.reject(error);
  else
    process.nextTick(() => {
      throw error;
    });
}
