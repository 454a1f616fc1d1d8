import type { Clock } from "../platform/clock.ts";
import type { LedgerError } from "../errors/ledger-error.ts";
import type { ClosingStatus, NewEvent } from "../journal/event.ts";
import type { RunStatus } from "../journal/run-record.ts";
import type { GivenCode } from "../provenance/code-snapshot.ts";
import type { Metrics } from "./metric-input.ts";

/** Records more of each run than the program logs: where it runs, how the system fares, what it prints. */
export interface RunCapture {
  /** Begins with a run that this process opens, before the caller gets the run. Must not throw. */
  begin(session: CapturedSession): Capturing;
}

/** What a capture does while a run is open. */
export interface Capturing {
  /** Records what was captured before the call and waits. Rejects if it cannot; a later call tries again. */
  flush?(): Promise<void>;
  /** Ends the capture, and resolves once everything is recorded. Called before a run is closed. Must not reject. */
  end(): Promise<void>;
  /** Ends the capture at once: the session can record nothing more. */
  stop(): void;
}

/** A session of a run, for its capture. */
export interface CapturedSession {
  readonly run: {
    readonly id: string;
    readonly status: RunStatus;
    finish(status: ClosingStatus): Promise<void>;
    fail(error: unknown): Promise<void>;
  };
  /**
   * Ends the run because the process ends. If sessions of other processes seem to continue the run, its methods only
   * store everything and record that this session ends.
   */
  readonly atEnd: {
    finish(status: ClosingStatus): Promise<void>;
    fail(error: unknown): Promise<void>;
  };
  readonly clock: Clock;
  /** Whether stored records can be appended to. Otherwise each write is an object of its own. */
  readonly appends: boolean;
  /** Whether the run has no description of its environment yet, and the program leaves it to the library. */
  readonly wantsEnvironment: boolean;
  /** Whether the run has no code yet, and the program leaves it to the library to find it out. */
  readonly wantsCode: boolean;
  /** Records the code of the run when it is known. Call it once at most, and only if {@link wantsCode}. */
  code(code: PromiseLike<GivenCode | undefined>): void;
  /** Records an event. Throws as `JournalWriter.event` does. */
  event(event: NewEvent): void;
  /** Logs metrics at the greatest step so far, 0 if there is none. So they never change the step of another row. */
  metrics(values: Metrics): void;
  /** Logs a text at the greatest step so far. `onError` gets a failure. */
  text(key: string, text: string): void;
  /** Passes trouble to `onError`. */
  report(error: LedgerError): void;
}
