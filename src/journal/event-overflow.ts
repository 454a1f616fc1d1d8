import { LedgerError } from "../errors/ledger-error.ts";
import type { RunEvent } from "./event.ts";
import { LiveEvents } from "./live-events.ts";

/**
 * Events for which the buffer has no room. Of each tag, param, definition and the note the newest is kept, so that the run ends as it
 * should however long the backend hangs, in memory that does not grow with the number of calls.
 */
export class EventOverflow {
  readonly #most: number;
  #live: LiveEvents | undefined;
  #overwritten = 0;
  #dropped = 0;
  #draining: Promise<void> | undefined;

  readonly #report: (error: LedgerError) => void;

  /** `most`: bytes that the buffer may hold, and characters of JSON that may be kept here. */
  constructor(most: number, report: (error: LedgerError) => void) {
    this.#most = most;
    this.#report = report;
  }

  get isEmpty(): boolean {
    return this.#live === undefined;
  }

  /** Events of which a part was replaced before it could be stored. */
  get overwritten(): number {
    return this.#overwritten + (this.#live?.superseded ?? 0);
  }

  /** Events that were given up. */
  get dropped(): number {
    return this.#dropped;
  }

  add(event: RunEvent): void {
    const kept = "of the events that come now only the newest of each tag and param and the newest note are kept";
    if (this.#live === undefined) this.#tell(event, `more than ${this.#most} bytes wait to be stored: ${kept}`);
    const live = (this.#live ??= new LiveEvents());
    if (live.sizeWith(event).chars <= this.#most) live.add(event);
    else if (this.#dropped++ === 0) this.#tell(event, `a ${event.kind} event was dropped: too much waits to be stored`);
  }

  #tell({ kind }: RunEvent, message: string): void {
    this.#report(new LedgerError("TOO_LARGE", message, { field: kind, transient: true }));
  }

  /** Calls `record`, which stores something and then takes out what there is room for, until nothing is left. One at a time. */
  drain(record: () => Promise<void>): Promise<void> {
    return (this.#draining ??= this.#drain(record));
  }

  async #drain(record: () => Promise<void>): Promise<void> {
    try {
      while (!this.isEmpty) await record();
    } finally {
      this.#draining = undefined;
    }
  }

  /** Takes out what is kept, in order. */
  take(): RunEvent[] {
    const events = this.#live?.list() ?? [];
    this.#overwritten = this.overwritten;
    this.#live = undefined;
    return events;
  }
}
