import { LedgerError } from "../errors/ledger-error.ts";
import type { RunEvent } from "./event.ts";
import { LiveEvents } from "./live-events.ts";

/**
 * The events that find no room in the buffer. It keeps the newest value of each tag, param and definition, and the
 * newest note. So the run ends with the right values however long the backend hangs, and the memory does not grow with
 * the number of calls.
 */
export class EventOverflow {
  readonly #most: number;
  #live: LiveEvents | undefined;
  #overwritten = 0;
  #dropped = 0;
  #draining: Promise<void> | undefined;

  readonly #report: (error: LedgerError) => void;

  /** `most`: the bytes that the buffer may hold, and the characters of JSON that this may hold. */
  constructor(most: number, report: (error: LedgerError) => void) {
    this.#most = most;
    this.#report = report;
  }

  get isEmpty(): boolean {
    return this.#live === undefined;
  }

  /** The number of events of which a part was replaced before it could be stored. */
  get overwritten(): number {
    return this.#overwritten + (this.#live?.superseded ?? 0);
  }

  /** The number of events that were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  add(event: RunEvent): void {
    const kept = "from now on only the newest value of each tag and param and the newest note are kept";
    if (this.#live === undefined) this.#tell(event, `more than ${this.#most} bytes wait to be stored: ${kept}`);
    const live = (this.#live ??= new LiveEvents());
    if (live.sizeWith(event).chars <= this.#most) live.add(event);
    else if (this.#dropped++ === 0) this.#tell(event, `a ${event.kind} event was dropped: too much waits to be stored`);
  }

  #tell({ kind }: RunEvent, message: string): void {
    this.#report(new LedgerError("TOO_LARGE", message, { field: kind, transient: true }));
  }

  /**
   * Calls `record` until no event is left. `record` stores records, and then takes the events if there is room. One
   * drain runs at a time.
   */
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

  /** Removes the kept events, and returns them in order. */
  take(): RunEvent[] {
    const events = this.#live?.list() ?? [];
    this.#overwritten = this.overwritten;
    this.#live = undefined;
    return events;
  }
}
