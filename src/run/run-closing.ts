import { onDemand } from "../platform/on-demand.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import type { RunCreated } from "../journal/run-created.ts";
import type { RunStatus } from "../journal/run-record.ts";
import type { Ending } from "./finish-options.ts";
import { CODE_WAIT_MS, type CodeLog, SHORT_CODE_WAIT_MS } from "./code-log.ts";
import type { ArtifactLog } from "./log-artifacts.ts";
import type { MediaLog } from "./log-media.ts";
import {
  closeSession,
  leaveSession,
  type OpenSession,
  openSession,
  type SessionEnd,
  writersHere,
} from "./process-end.ts";
import { processGuard } from "./process-guard.ts";
import type { Capturing } from "./run-capture.ts";
import type { OpenRun, RunContext } from "./run-context.ts";
import type { SharedEnd } from "./shared-end.ts";

/** A session of a run in this process. */
export interface SessionParts {
  readonly context: RunContext;
  readonly created: RunCreated;
  readonly writer: JournalWriter;
  /** Aborting it closes the run as `killed`. */
  readonly signal: AbortSignal | undefined;
  /** The number of records that each other writer had when this session began. */
  readonly positions?: ReadonlyMap<string, number>;
}

const closing = /* @__PURE__ */ onDemand(() => import("./close-run.ts"));
const sharedEnds = /* @__PURE__ */ onDemand(() => import("./shared-end.ts"));

/**
 * Ends the session of a run: because the program closes the run, a signal aborts, a fence shuts it out, or the process
 * ends.
 */
export class RunClosing {
  /** How the run ends. Set by the first call that closes the run, even if that call fails. */
  ending: Ending | undefined;
  /** What the ledger records of the run by itself. */
  capturing: Capturing | undefined;
  readonly #run: OpenRun;
  readonly #parts: SessionParts;
  readonly #media: MediaLog;
  readonly #artifacts: ArtifactLog;
  readonly #code: CodeLog;
  readonly #session: OpenSession;
  readonly #abort: () => void;
  /** Names of objects that failed attempts to close the run left behind. */
  readonly #leftovers = new Set<string>();
  #status: RunStatus = "running";
  #isRecorded = false;
  #attempt: Promise<void> | undefined;

  constructor(run: OpenRun, parts: SessionParts, media: MediaLog, artifacts: ArtifactLog, code: CodeLog) {
    this.#run = run;
    this.#parts = parts;
    this.#media = media;
    this.#artifacts = artifacts;
    this.#code = code;
    const { context, writer, signal } = parts;
    this.#abort = () => void this.close({ status: "killed" }).catch(() => {});
    signal?.addEventListener("abort", this.#abort, { once: true });
    writer.onFenced = () => this.#leave();
    context.onOpen(run);
    this.#session = openSession({
      runId: run.id,
      writer,
      isDurable: context.backend.capabilities.durable,
      isStoring: () => !(media.isSettled && artifacts.isSettled && code.isSettled),
      isClosing: () => this.#attempt !== undefined,
      end: () => this.#endSession(),
    });
    // The listener does not hear of an earlier abort.
    if (signal?.aborted) this.#abort();
    // Loaded now, because at the end of the run a page may be offline, and a process has little time.
    void closing().catch(() => {});
    void sharedEnds().catch(() => {});
  }

  /** `running` until the run is closed, then how it was closed. */
  get status(): RunStatus {
    return this.#status;
  }

  /** Closes the run; see `Run.finish`. Later calls join the attempt under way, or try again after a failure. */
  close(ending: Ending): Promise<void> {
    if (this.#status !== "running") return Promise.resolve();
    this.ending ??= ending;
    this.#attempt ??= this.#close(this.ending).catch((error: unknown) => {
      this.#attempt = undefined;
      throw error;
    });
    return this.#attempt;
  }

  /**
   * Closes the run because the process ends. If sessions of other processes seem to continue the run, it only stores
   * everything and records that this session ends: the last session closes the run. A run that another session closed
   * as failed or killed stays so.
   */
  async closeUnlessShared(ending: Ending): Promise<void> {
    const { context, writer } = this.#parts;
    if (this.ending || !context.backend.capabilities.durable) return await this.close(this.ending ?? ending);
    await writer.flush();
    let others = await this.#readSharedEnd();
    if (others.isShared) {
      // Recorded before the others are read: of sessions that end at the same time, the last one sees the others' ends.
      const left = await this.#endSession();
      if (left.isShared) return leaveSession(this.#session, left.next);
      others = left;
    }
    await this.close(others.ending ?? ending);
  }

  async #close(ending: Ending): Promise<void> {
    const { context, created, writer, positions } = this.#parts;
    // A program that is killed has little time.
    const codeMs = ending.status === "killed" ? SHORT_CODE_WAIT_MS : CODE_WAIT_MS;
    const early = this.#storeEarly();
    await Promise.all([this.capturing?.end(), this.#code.settle(codeMs)]);
    await this.#artifacts.settle();
    await early;
    writer.assertUnfenced();
    await this.#media.flushLast();
    // Nothing may come after the end of a run.
    if (writer.isOverflowing) await writer.flush();
    const { closeRun } = await closing();
    const { readOthers } = await sharedEnds();
    const before = writer.stored;
    const others = await readOthers(context, created, writer);
    if (!this.#isRecorded) {
      writer.endBeats();
      const endTime = ending.endTime ?? writer.steadyTime;
      writer.event({ kind: "finish", ...ending, ...(endTime !== context.clock.now() && { endTime }) }, "finish");
      this.#isRecorded = true;
    }
    await writer.flush();
    // Without its marker the ledger could not be opened again.
    await Promise.all([writer.checkStored(before, others.listing), context.keepMarker()]);
    // If several sessions finish at once, the last one must see the ends of the others, so it lists the run again.
    const state = others.folds.length === 0 && others.listing.newestDocument === 0 ? others : undefined;
    const { document, listing } = others;
    const knownDocument = document && { number: listing.newestDocument, document };
    await closeRun(context, created, { writer, positions, state, knownDocument, leftovers: this.#leftovers });
    this.#status = ending.status;
    writer.close();
    this.#leave();
  }

  /**
   * Stores everything because the process ends by itself, and records that this session ends without closing the run.
   * See {@link OpenSession.end}.
   */
  async #endSession(): Promise<SessionEnd> {
    const { writer } = this.#parts;
    if (this.ending) {
      await this.close(this.ending);
      return { next: writer.next, isShared: false };
    }
    const early = this.#storeEarly();
    await Promise.all([this.capturing?.end(), this.#code.settle(SHORT_CODE_WAIT_MS)]);
    await this.#artifacts.settle();
    await early;
    await this.#media.flushLast();
    await writer.flush();
    if (this.ending) return { next: writer.next, isShared: false };
    writer.event({ kind: "leave", next: writer.next + 1 }, "leave");
    // Now, because the program may log while this is stored.
    const { next } = writer;
    await writer.flush();
    return { next, ...(await this.#readSharedEnd()) };
  }

  /** Stores the points at once if the end waits for an artifact, whose upload may take long. */
  async #storeEarly(): Promise<void> {
    // What is not stored now is stored at the end, which then rejects.
    if (!this.#artifacts.isSettled) await this.#parts.writer.flush().catch(() => {});
  }

  /** Everything is stored. If the others cannot be read, the process ends as if there were none. */
  async #readSharedEnd(): Promise<SharedEnd> {
    const { context, created, writer } = this.#parts;
    const { readSharedEnd } = await sharedEnds();
    return await readSharedEnd(context, created, writer, writersHere()).catch(() => ({ isShared: false }));
  }

  #leave(): void {
    const { context, signal } = this.#parts;
    this.capturing?.stop();
    this.#media.close();
    closeSession(this.#session);
    processGuard()?.ended(this.#run);
    signal?.removeEventListener("abort", this.#abort);
    context.onClose(this.#run);
  }
}
