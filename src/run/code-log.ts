import { invalidArgument, LedgerError, ledgerErrorOf, reading } from "../errors/ledger-error.ts";
import type { RecordedCode } from "../journal/recorded-code.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { systemClock } from "../platform/clock.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { GivenCode } from "../provenance/code-snapshot.ts";
import type { CheckedCode } from "./check-code.ts";
import type { RunContext } from "./run-context.ts";

const checking = /* @__PURE__ */ onDemand(() => import("./check-code.ts"));

const sessions = /* @__PURE__ */ onDemand(() => import("./code-of-sessions.ts"));
const storing = /* @__PURE__ */ onDemand(() => import("./store-code.ts"));

/** The code of a run: known now, or later. */
export type RunCode = CheckedCode | { readonly later: Promise<CheckedCode | undefined> };

/**
 * Returns the code of an option. Checks it at once, unless it is a promise. Throws `INVALID_ARGUMENT`, which names the
 * field.
 */
export async function readCode(
  given: GivenCode | PromiseLike<GivenCode | undefined> | false | undefined,
): Promise<RunCode | undefined> {
  if (given === undefined || given === false) return undefined;
  if (typeof given !== "object" || given === null) throw invalidArgument("code", "an object or a promise", given);
  if (reading("code", () => typeof (given as PromiseLike<GivenCode>).then === "function")) {
    const later = checkLater(given as PromiseLike<GivenCode | undefined>);
    // The run may not begin.
    later.catch(() => {});
    return { later };
  }
  return (await checking()).checkCode(given as GivenCode);
}

/** Resolves with the code, checked, when it is known. */
export async function checkLater(given: PromiseLike<GivenCode | undefined>): Promise<CheckedCode | undefined> {
  const code = await given;
  return code === undefined ? undefined : (await checking()).checkCode(code);
}

/** How long the end of a session waits for the code, in ms: longer than `captureGit` takes by default. */
export const CODE_WAIT_MS = 12_000;
/** How long it waits if the process is about to end. */
export const SHORT_CODE_WAIT_MS = 1000;

/** Records the code of a run once it is known. Trouble goes to `onError`, and never to the run. */
export class CodeLog {
  readonly #context: RunContext;
  readonly #writer: JournalWriter;
  /** The code of an earlier session, if it is known. */
  readonly #earlier: RecordedCode | undefined;
  #work: Promise<void> | undefined;
  #known: Promise<void> | undefined;
  #checked: CheckedCode | undefined;
  /** Whether the patch or the archive could not be stored. */
  #isUnstored = false;
  #isOver = false;
  /** Whether the library captured the code. Otherwise the caller gave it. */
  #isCaptured = false;

  constructor(context: RunContext, writer: JournalWriter, earlier: RecordedCode | undefined) {
    this.#context = context;
    this.#writer = writer;
    this.#earlier = earlier;
  }

  /** Whether nothing is under way. */
  get isSettled(): boolean {
    return this.#work === undefined;
  }

  /** Records this code, at the latest when it is known. Called once. */
  record(code: RunCode, isCaptured: boolean): void {
    this.#isCaptured = isCaptured;
    this.#begin(this.#record(code));
    if (!("later" in code)) this.#known = this.#work;
  }

  /** Resolves once code that was known from the beginning is recorded. */
  async recordKnown(): Promise<void> {
    await this.#known;
  }

  /** Whether {@link recordKnown} has nothing to wait for. */
  get hasRecordedKnown(): boolean {
    return this.#known === undefined;
  }

  /**
   * Resolves once the code is recorded, at the latest as unknown after `ms`. Tries once more to store a patch or an
   * archive that could not be stored. Never rejects.
   */
  async settle(ms: number): Promise<void> {
    await this.#wait(ms);
    if (!this.#isUnstored || !this.#checked) return;
    this.#begin(this.#store(this.#checked));
    await this.#wait(ms);
    this.#isUnstored = false;
  }

  #begin(work: Promise<void>): void {
    this.#work = work.finally(() => {
      this.#work = this.#known = undefined;
    });
  }

  async #wait(ms: number): Promise<void> {
    const work = this.#work;
    if (!work || !(await this.#isLate(work, ms))) return;
    this.#isOver = true;
    this.#work = undefined;
    const what = this.#checked ? "the patch or the archive of the code was not stored" : "the code was not known";
    this.#fail(new LedgerError("IO", `${what} within ${ms} ms of the end of the run`, { operation: "startRun" }));
  }

  async #isLate(work: Promise<void>, ms: number): Promise<boolean> {
    const stop = new AbortController();
    // Not the clock of the ledger: what it waits for takes real time, also in tests.
    const late = systemClock.sleep(ms, stop.signal).then(
      () => true,
      () => false,
    );
    const isLate = await Promise.race([work.then(() => false), late]);
    stop.abort();
    return isLate;
  }

  async #record(code: RunCode): Promise<void> {
    try {
      this.#checked = "later" in code ? await code.later : code;
    } catch (cause) {
      if (!this.#isOver) this.#fail(ledgerErrorOf(cause, "the code could not be captured"));
      return;
    }
    if (!this.#checked || this.#isOver) return;
    await this.#store(this.#checked);
  }

  async #store({ code, patch, archive }: CheckedCode): Promise<void> {
    if (patch === undefined && archive === undefined) return await this.#addOther(code);
    try {
      const { storeBodies } = await storing();
      const bodies = await storeBodies(await this.#context.artifacts(), { patch, archive }, code.incomplete);
      if (!this.#isOver) await this.#addOther({ ...code, ...bodies });
    } catch (cause) {
      if (this.#isOver) return;
      this.#isUnstored = true;
      this.#fail(ledgerErrorOf(cause, "the patch or the archive of the code could not be stored"));
    }
  }

  /** Reports why the code, its patch or its archive is not known, and records the rest. */
  #fail(error: LedgerError): void {
    this.#writer.report(error);
    if (this.#earlier) return;
    const why = `could not be recorded (${error.code})`;
    const { code, patch, archive } = this.#checked ?? {};
    const unstored = [...(patch ? ["patch"] : []), ...(archive ? ["archive"] : [])];
    this.#add(
      code
        ? { ...code, incomplete: [...code.incomplete, ...unstored.map((name) => `${name}: it ${why}`)] }
        : { ...NOTHING_KNOWN, incomplete: [`commit: the code ${why}`] },
    );
  }

  /** Records the code, unless it was captured and an earlier session had the same. */
  async #addOther(code: RecordedCode): Promise<void> {
    const other = this.#earlier ? await this.#afterEarlier(this.#earlier, code) : code;
    if (other && !this.#isOver) this.#add(other);
  }

  async #afterEarlier(earlier: RecordedCode, code: RecordedCode): Promise<RecordedCode | undefined> {
    const { codeOfSession, givenCodeOfSession } = await sessions();
    return this.#isCaptured ? codeOfSession(earlier, code) : givenCodeOfSession(earlier, code);
  }

  #add(code: RecordedCode): void {
    try {
      this.#writer.event({ kind: "code", code }, "code");
    } catch (error) {
      this.#writer.report(error as LedgerError);
    }
  }
}

const NOTHING_KNOWN: Omit<RecordedCode, "incomplete"> = {
  engine: "unknown",
  remotes: [],
  dirty: "unknown",
  changes: [],
  untracked: [],
  submodules: [],
};
