import { LedgerError } from "../index.ts";
import { isMainUnsettled } from "./unsettled-main.ts";

/**
 * The members of a `Run` that `guardProcess` uses. It is an interface because TypeScript treats the class `Run` of a
 * CommonJS file and that of an ES module as two classes.
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

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** The longest delay of a timer, in ms. */
const MAX_TIMEOUT_MS: number = 2 ** 31 - 1;
/**
 * All copies of the library in a process share the guard. `src/run/process-guard.ts` has the interface that runs use.
 */
const GUARD: unique symbol = Symbol.for("runledger.processGuard.4");

interface Guarded {
  readonly run: GuardedRun;
  readonly timeoutMs: number;
  /** Whether the run stays open after a signal that the program listens to itself. */
  readonly leavesSignals: boolean;
  /** Closes the run, or leaves it open to others. */
  readonly closer: Closer;
  /** Whether such a signal came. */
  isSignalled: boolean;
}

/** What closes a guarded run. */
type Closer = Pick<GuardedRun, "finish" | "fail">;
type End = (closer: Closer) => Promise<void>;

/** How a guard differs from that of `guardProcess`. */
export interface GuardDetails {
  /**
   * Whether the run stays open after a signal that the program listens to itself. It is closed as killed at the natural
   * end if the program has not closed it by then.
   */
  readonly leavesSignals?: boolean;
  /** What closes the run. Default: the run. */
  readonly closer?: Closer;
}

/**
 * Closes all guarded runs of this process when the process is about to end. It adds one set of listeners for all runs,
 * and only while a run is guarded. With listeners for each run, each would mistake the others for listeners of the
 * program, which decide how the process ends.
 */
export class ProcessGuard {
  readonly #guarded = new Set<Guarded>();
  /** The ids of the closed runs. Not the objects, because the program may guard a wrapper of a run. */
  readonly #closed = new Set<string>();
  /** How runs are closed while the process is about to end. */
  #end: End | undefined;
  /** Whether it leaves some runs to the program meanwhile. */
  #leavesSome = false;
  #closings: Promise<void>[] = [];
  /** Whether it closes the runs after the natural end of the program. */
  #isAtEnd = false;

  /** Returns the guard of this process. */
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

  /** Returns whether the run is guarded. */
  guards(runId: string): boolean {
    return [...this.#guarded].some(({ run }) => run.id === runId);
  }

  /** Returns whether it closes the run now, after the natural end of the program. */
  closesAtEnd(runId: string): boolean {
    return this.#isAtEnd && this.guards(runId);
  }

  /** Guards a run. Returns a function that ends this. */
  add(run: GuardedRun, timeoutMs: number, { leavesSignals = false, closer = run }: GuardDetails = {}): () => void {
    if (run.status !== "running") return () => {};
    const guarded = { run, timeoutMs: Math.min(timeoutMs, MAX_TIMEOUT_MS), leavesSignals, closer, isSignalled: false };
    if (this.#guarded.size === 0 && !this.isEnding) this.#listen();
    this.#guarded.add(guarded);
    if (this.#end && !(this.#leavesSome && leavesSignals)) this.#closings.push(this.#closeLast(guarded, this.#end));
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
    // On Windows a process cannot send SIGHUP.
    const kill = (): boolean =>
      process.kill(process.pid, process.platform === "win32" && signal === "SIGHUP" ? "SIGTERM" : signal);
    if (!alone) for (const guarded of this.#guarded) guarded.isSignalled ||= guarded.leavesSignals;
    if (!this.isEnding && alone) return void this.#closeAll((run) => run.finish("killed"), kill);
    // After the listeners of the program, which may close runs themselves.
    if (!this.isEnding) return process.nextTick(() => void this.#closeUnlessLeft());
    if (!alone) return;
    this.#unlisten();
    kill();
  };

  readonly #onError = (error: unknown, origin: string): void => {
    const alone = process.listenerCount("uncaughtException") === 1;
    if (!this.isEnding)
      return void this.#closeAll((run) => run.fail(error), alone ? () => throwAgain(error, origin) : undefined);
    // Does not print `RUN_CLOSED`, which only the program's own listeners need.
    if (alone && !LedgerError.hasCode(error, "RUN_CLOSED")) console.error(error);
  };

  readonly #onBeforeExit = (exitCode: number): void => {
    if (this.isEnding || this.#isAtEnd) return;
    this.#isAtEnd = true;
    void this.#closeAtEnd(exitCode).finally(() => (this.#isAtEnd = false));
  };

  /** Closes all runs after the natural end of the program, with the exit code that the process has then. */
  async #closeAtEnd(exitCode: number): Promise<void> {
    let hasFailed = exitCode !== 0;
    if (!hasFailed) {
      // Keeps the process alive.
      const timer = setInterval(() => {}, 1e9);
      hasFailed = await isMainUnsettled();
      clearInterval(timer);
    }
    if (this.isEnding) return;
    const status = hasFailed ? "failed" : "finished";
    const closings = [...this.#guarded].map(async (guarded) => {
      await close(guarded, (run) => run.finish(guarded.isSignalled ? "killed" : status));
      // One attempt, because a run that cannot be closed must not keep the process alive forever.
      this.#remove(guarded);
    });
    await Promise.all(closings);
  }

  /** Closes as killed, after a signal that the program listens to, the runs that are not left to the program. */
  async #closeUnlessLeft(): Promise<void> {
    if (this.isEnding || [...this.#guarded].every(({ leavesSignals }) => leavesSignals)) return;
    this.#leavesSome = true;
    await this.#closeAll((run) => run.finish("killed"), undefined);
  }

  /** Closes all runs. Then calls `endProcess`, unless the program decides how the process ends. */
  async #closeAll(end: End, endProcess: (() => void) | undefined): Promise<void> {
    this.#end = end;
    const isLeft = ({ leavesSignals }: Guarded): boolean => this.#leavesSome && leavesSignals;
    for (const guarded of this.#guarded) if (!isLeft(guarded)) this.#closings.push(this.#closeLast(guarded, end));
    // Twice, for runs that started meanwhile. More rounds might never end.
    for (let round = 0; round < 2; round++) await Promise.all(this.#closings.splice(0));
    this.#closings = [];
    for (const guarded of this.#guarded) if (!isLeft(guarded)) this.#guarded.delete(guarded);
    if (this.#guarded.size === 0) this.#unlisten();
    endProcess?.();
    // A listener that was added meanwhile may have kept the process alive.
    setImmediate(() => {
      this.#end = undefined;
      this.#leavesSome = false;
    });
  }

  #closeLast(guarded: Guarded, end: End): Promise<void> {
    this.#closed.add(guarded.run.id);
    return close(guarded, end);
  }

  #listen(): void {
    // First, because a listener that the program added with `once` is gone when it has been called.
    for (const signal of SIGNALS) process.prependListener(signal, this.#onSignal);
    process.on("uncaughtException", this.#onError);
    process.on("beforeExit", this.#onBeforeExit);
  }

  #unlisten(): void {
    for (const signal of SIGNALS) process.removeListener(signal, this.#onSignal);
    process.removeListener("uncaughtException", this.#onError);
    process.removeListener("beforeExit", this.#onBeforeExit);
  }
}

/** Closes a run within its time limit, and reports a failure on stderr. Never rejects. */
async function close({ run, closer, timeoutMs }: Guarded, end: End): Promise<void> {
  // Not unref'd, because this timer keeps the process alive while the run is being closed.
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => (timeout = setTimeout(() => resolve("late"), timeoutMs)));
  try {
    if ((await Promise.race([end(closer), late])) === "late")
      console.error(`runledger: run ${run.id} could not be closed in ${timeoutMs} ms`);
  } catch (error) {
    console.error(`runledger: run ${run.id} could not be closed:`, error);
  } finally {
    clearTimeout(timeout);
  }
}

/**
 * Throws the error again when nobody listens. The platform then shows it and ends the process, or ends the worker
 * thread with an `error` event.
 */
function throwAgain(error: unknown, origin: string): void {
  if (origin === "unhandledRejection") void Promise.reject(error);
  else
    process.nextTick(() => {
      throw error;
    });
}
