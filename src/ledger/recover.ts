import type { Backend } from "../backend/backend.ts";
import type { Clock } from "../backend/clock.ts";
import { LedgerError, invalidArgument } from "../backend/error.ts";
import { foldRun } from "../journal/fold.ts";
import { flushPolicy } from "../journal/flush-policy.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { highestOrder, type WriterFold } from "../journal/writer-fold.ts";
import { listRun, type RunListing, writeRunDocument } from "../run/close-run.ts";
import type { RunContext } from "../run/context.ts";
import { newWriter } from "../run/start-run.ts";
import { foldListed, readRun, readRunCreated } from "./read-run.ts";
import { listRuns } from "./search.ts";

export interface RecoverOptions {
  /**
   * How long a run must show no progress, in ms, before its writers count as gone, where nothing tells whether their
   * processes live. Default: three times the interval at which they promised a sign of life.
   */
  readonly graceMs?: number;
  readonly signal?: AbortSignal;
}

export interface Recovery {
  /** Runs that were closed as `interrupted` by this call. */
  readonly interrupted: string[];
  /** Runs whose writers are, or may be, still there. */
  readonly running: string[];
}

/** Looks at a run while it is watched for progress. */
const LOOKS = 6;

/** Closes the run `id`, or all that need it. `here`: runs that are open in this ledger. */
export async function recoverRuns(
  context: RunContext,
  id: string | undefined,
  here: ReadonlySet<string>,
  options: RecoverOptions,
): Promise<Recovery> {
  const { graceMs, signal } = options;
  if (graceMs !== undefined && !(typeof graceMs === "number" && graceMs >= 0))
    throw invalidArgument("graceMs", "a non-negative number", graceMs);
  if (id !== undefined) await readRunCreated(context.backend, id, signal);
  const ids = id === undefined ? [...(await listRuns(context.backend, signal)).keys()] : [id];
  const recovery: Recovery = { interrupted: [], running: [] };
  // Together, so that all waits for progress are one. Whatever fails, none goes on once the caller has been told.
  const outcomes = await Promise.allSettled(
    ids.map(async (each) => {
      try {
        const outcome = await recoverRun(context, each, here.has(each), options);
        if (outcome !== "closed") recovery[outcome].push(each);
      } catch (error) {
        // One damaged run must not keep the others from being closed.
        const isDamaged = LedgerError.hasCode(error, "CORRUPT") || LedgerError.hasCode(error, "RUN_NOT_FOUND");
        if (id !== undefined || !isDamaged) throw error;
        context.onError(error);
      }
    }),
  );
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return recovery;
}

/**
 * Closes a run as interrupted if its writers are gone. A process of this machine can be asked about; any other writer counts as
 * gone when the run's objects did not change for the grace time as measured here, so nobody's wall clock matters. Should a
 * writer show up later after all, its next record makes the run `running` again.
 */
async function recoverRun(
  context: RunContext,
  id: string,
  isOpenHere: boolean,
  options: RecoverOptions,
): Promise<"interrupted" | "running" | "closed"> {
  const { backend, clock } = context;
  const { signal } = options;
  const listing = await listRun(backend, id, signal);
  // A document, if it covers all there is, spares reading the journals.
  if (listing.newestDocument > 0 && (await readRun(backend, id, signal, listing)).status !== "running") return "closed";
  const seen = await foldListed(backend, id, listing, signal);
  if (seen.record.status !== "running") return "closed";
  if (isOpenHere) return "running";
  const state = await askProcesses(backend, seen.created, seen.folds);
  if (state === "alive") return "running";
  if (state === "unknown") {
    const graceMs =
      options.graceMs ?? 3 * Math.max(seen.created.writer.beatMs, ...seen.folds.map(({ beatMs }) => beatMs ?? 0));
    if (await showsProgress(backend, id, listing, graceMs, clock, signal)) return "running";
  }
  // Between the listing above and now it may have been closed properly.
  const now = await listRun(backend, id, signal);
  const last = progressMark(now) === progressMark(listing) ? seen : await foldListed(backend, id, now, signal);
  if (last.record.status !== "running") return "closed";
  await closeAsInterrupted(context, last.created, now, last.folds);
  return "interrupted";
}

async function askProcesses(
  { liveness }: Backend,
  created: RunCreated,
  folds: readonly WriterFold[],
): Promise<"alive" | "gone" | "unknown"> {
  if (liveness === undefined) return "unknown";
  const tokens = new Map(folds.map(({ writer, alive }) => [writer, alive]));
  tokens.set(created.writer.id, created.writer.alive);
  let unknown = false;
  for (const token of tokens.values()) {
    // This very process lives, but whether the writer in it does, only progress tells.
    const isAlive = token === undefined || token === liveness.token ? undefined : await liveness.isAlive(token);
    if (isAlive === true) return "alive";
    if (isAlive === undefined) unknown = true;
  }
  return unknown ? "unknown" : "gone";
}

async function showsProgress(
  backend: Backend,
  id: string,
  listing: RunListing,
  graceMs: number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const before = progressMark(listing);
  const end = clock.monotonic() + graceMs;
  for (let left = graceMs; left > 0; left = end - clock.monotonic()) {
    await clock.sleep(Math.min(left, graceMs / LOOKS), signal);
    if (progressMark(await listRun(backend, id, signal)) !== before) return true;
  }
  return false;
}

function progressMark({ writers, newestDocument }: RunListing): string {
  const segments = [...writers.values()].flatMap((own) => own.map(({ key, size }) => `${key}:${size}`));
  return [newestDocument, ...segments.sort()].join();
}

async function closeAsInterrupted(
  context: RunContext,
  created: RunCreated,
  listing: RunListing,
  folds: readonly WriterFold[],
): Promise<void> {
  const { backend, ids } = context;
  const writer = newWriter(context, created, ids("writer"), {
    policy: flushPolicy(undefined, backend.capabilities.append),
    beatMs: created.writer.beatMs,
    order: highestOrder(folds),
  });
  try {
    const positions = Object.fromEntries(folds.map((fold) => [fold.writer, fold.next]));
    const endTime = Math.max(created.createdAt, ...folds.map(({ lastTime }) => lastTime ?? 0));
    writer.event({ kind: "session", mode: "recover", beatMs: created.writer.beatMs }, "session");
    writer.event({ kind: "interrupted", positions, endTime }, "interrupted");
    await writer.flush();
    const own = writer.fold(created);
    // Without it the journals are read each time; with the next close there is a document again.
    if (own && foldRun(created, [...folds, own]).status === "interrupted") {
      await writeRunDocument(backend, created, listing, [...folds, own], {
        writer: own.writer,
        segments: writer.stored,
      });
    }
  } catch (error) {
    throw LedgerError.is(error)
      ? error
      : new LedgerError("IO", `run ${created.id} could not be closed`, { cause: error });
  } finally {
    writer.close();
  }
}
