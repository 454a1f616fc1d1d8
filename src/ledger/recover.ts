import { type OptionNames, readOptions } from "../arguments/options.ts";
import type { Backend } from "../backend/backend.ts";
import { gate } from "../platform/bounded.ts";
import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import { lastSign } from "../journal/fold-run.ts";
import { NO_SIZE } from "../journal/json-size.ts";
import { flushPolicy } from "../journal/flush-policy.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { highestOrder } from "../journal/writer-fold.ts";
import { areWritersAlive } from "../journal/writers-alive.ts";
import { type UnreadableRun, UnreadableRuns } from "../journal/unreadable-runs.ts";
import { listingMark, listRun, type RunListing } from "../journal/list-run.ts";
import type { RunStatus } from "../journal/run-record.ts";
import { readRunState, type RunState } from "../journal/run-state.ts";
import { closeRun } from "../run/close-run.ts";
import type { RunContext } from "../run/run-context.ts";
import { newWriter } from "../run/new-writer.ts";
import { readRunCreated } from "./read-run.ts";
import { listRuns } from "../journal/list-runs.ts";
import { isClosed, isTidy, tidy } from "./tidy-run.ts";

/** Options of `recover`. */
export interface RecoverOptions {
  /**
   * How long a run must show no progress, in ms, before its writers count as gone. It is used if nothing says whether
   * their processes live. Default: three times the interval at which they promised a sign of life, at most an hour.
   */
  readonly graceMs?: number | undefined;
  /** Aborting it rejects the call. Runs that are closed by then stay closed. */
  readonly signal?: AbortSignal | undefined;
}

const RECOVER_OPTIONS: OptionNames<RecoverOptions> = { graceMs: true, signal: true };

/** What `recover` did. */
export interface Recovery {
  /** The ids of the runs that this call closed as `interrupted`. */
  readonly interrupted: string[];
  /** The ids of the runs whose writers are, or may be, still there. */
  readonly running: string[];
  /** The runs that this call could neither read nor close. Absent if there are none. */
  readonly unreadable?: readonly UnreadableRun[];
}

/**
 * The longest grace time. The interval comes from the store, and one run must not keep `recover()` waiting for years.
 */
const MOST_GRACE_MS = 3_600_000;
/** How often `recover` looks at a run again because a writer appeared while it closed the run. */
const TRIES = 20;
/** How many times `recover` looks at a run during the grace time. */
const LOOKS = 6;
/** How many runs are looked at, or closed, at once. */
const RUNS_AT_ONCE = 32;

type Gate = ReturnType<typeof gate>;

/** Closes the run `id`, or all runs that need it. `here`: the runs that are open in this ledger. */
export async function recoverRuns(
  context: RunContext,
  id: string | undefined,
  here: ReadonlySet<string>,
  given: RecoverOptions | undefined,
): Promise<Recovery> {
  const options = readOptions("recover", given, RECOVER_OPTIONS);
  const { graceMs, signal } = options;
  if (graceMs !== undefined && !(typeof graceMs === "number" && graceMs >= 0))
    throw invalidArgument("graceMs", "a non-negative number", graceMs);
  if (id !== undefined) await readRunCreated(context.backend, id, signal);
  const unreadable = new UnreadableRuns();
  const ids = id === undefined ? await untidyRuns(context.backend, unreadable, signal) : [id];
  const pass = gate(RUNS_AT_ONCE);
  const recovery: Recovery = { interrupted: [], running: [] };
  // All at once, so that their grace times pass together. Waits for all of them, even if one fails.
  const outcomes = await Promise.allSettled(
    ids.map(async (each) => {
      const work = () => recoverRun(context, each, here.has(each), options, pass);
      // A run that cannot be read must not keep the others from being closed.
      const outcome = id === undefined ? await unreadable.unless(each, work) : await work();
      if (outcome !== undefined && outcome !== "closed") recovery[outcome].push(each);
    }),
  );
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  const left = unreadable.list();
  for (const { error } of left) context.onError(error);
  return left.length > 0 ? { ...recovery, unreadable: left } : recovery;
}

/** Returns the runs that may need work. Most runs are closed, and the one listing of all runs shows it. */
async function untidyRuns(
  backend: Backend,
  unreadable: UnreadableRuns,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const listed = await listRuns(backend, (id, error) => unreadable.add(id, error), signal);
  return [...listed].flatMap(([id, listing]) => (isTidy(listing) ? [] : [id]));
}

/** A run that may need closing. It keeps little in memory, because a thousand runs may be watched at once. */
interface Suspect {
  readonly created: RunCreated;
  readonly listing: RunListing;
  /** How long the run must show no progress, in ms. 0 if its writers are certainly gone. */
  readonly graceMs: number;
}

/**
 * Closes a run as interrupted if its writers are gone. The backend knows whether a process of this machine lives. Any
 * other writer counts as gone if the objects of the run do not change for the grace time, measured by the clock of this
 * process. If such a writer continues later, its next record makes the run `running` again.
 */
async function recoverRun(
  context: RunContext,
  id: string,
  isOpenHere: boolean,
  options: RecoverOptions,
  pass: Gate,
): Promise<"interrupted" | "running" | "closed"> {
  for (let left = TRIES; left > 0; left--) {
    const seen = await pass(() => lookAt(context, id, isOpenHere, options));
    if (typeof seen === "string") return seen;
    if (await showsProgress(context, seen, options.signal, pass)) return "running";
    const outcome = await pass(() => closeUnlessClosed(context, seen, options.signal));
    if (outcome !== "running") return outcome;
    // A writer joined or woke up at this moment. It may be gone by now.
  }
  return "running";
}

async function lookAt(
  context: RunContext,
  id: string,
  isOpenHere: boolean,
  { graceMs, signal }: RecoverOptions,
): Promise<"running" | "closed" | Suspect> {
  const { backend } = context;
  const call = signal ? { signal } : {};
  const listing = await listRun(backend, id, call);
  // While a run is being sealed, only those who seal it may close it.
  if (listing.isSealing || isTidy(listing)) return "closed";
  const created = await readRunCreated(backend, id, signal);
  const state = await readRunState(backend, created, { ...call, listing });
  if (isClosed(created, state)) {
    if (!isOpenHere) await tidy(context, created, state, signal);
    return "closed";
  }
  if (isOpenHere) return "running";
  const { folds } = state;
  const writers = await areWritersAlive(backend, created, folds, state.listing.fences);
  if (writers === "alive") return "running";
  const beatMs = folds.reduce((longest, fold) => Math.max(longest, fold.beatMs ?? 0), created.writer.beatMs);
  return { created, listing, graceMs: writers === "gone" ? 0 : (graceMs ?? Math.min(3 * beatMs, MOST_GRACE_MS)) };
}

/**
 * Closes a run unless another process has closed it. Returns `running` if a writer appeared: the run is unchanged then.
 */
async function closeUnlessClosed(
  context: RunContext,
  { created }: Suspect,
  signal: AbortSignal | undefined,
): Promise<"interrupted" | "running" | "closed"> {
  const state = await readRunState(context.backend, created, signal ? { signal } : {});
  if (isClosed(created, state)) {
    await tidy(context, created, state, signal);
    return "closed";
  }
  const status = await closeAsInterrupted(context, created, state, signal);
  return status === "running" || status === "interrupted" ? status : "closed";
}

async function showsProgress(
  { backend, clock }: RunContext,
  { created, listing, graceMs }: Suspect,
  signal: AbortSignal | undefined,
  pass: Gate,
): Promise<boolean> {
  const before = listingMark(listing);
  const end = clock.monotonic() + graceMs;
  for (let left = graceMs; left > 0; left = end - clock.monotonic()) {
    await clock.sleep(Math.min(left, graceMs / LOOKS), signal);
    const now = await pass(() => listRun(backend, created.id, signal ? { signal } : {}));
    if (listingMark(now) !== before) return true;
  }
  return false;
}

/** Closes a run as interrupted. Its writers must be gone. */
export async function closeAsInterrupted(
  context: RunContext,
  created: RunCreated,
  { folds, listing }: RunState,
  signal: AbortSignal | undefined,
  isForSeal = false,
): Promise<RunStatus> {
  const { backend, ids } = context;
  const writer = newWriter(context, created, ids("writer"), {
    policy: flushPolicy(undefined, backend.capabilities.append),
    beatMs: created.writer.beatMs,
    order: highestOrder(folds),
    // No fence needs to shut this writer out: it only records positions, and they are void once a writer gets further.
    fence: undefined,
    held: NO_SIZE,
  });
  writer.endBeats();
  try {
    const positions = new Map(folds.map((fold) => [fold.writer, fold.next]));
    const endTime = lastSign(created, folds);
    const { fences } = listing;
    const beatMs = created.writer.beatMs;
    const alive = backend.liveness?.token;
    const session = { kind: "session", mode: "recover", beatMs, ...(alive !== undefined && { alive }) } as const;
    writer.event({ ...session, ...(fences > 0 && { fence: fences }) }, "session");
    writer.event({ kind: "interrupted", positions: Object.fromEntries(positions), endTime }, "interrupted");
    await writer.flush();
    return await closeRun(context, created, { writer, positions, onlyFinal: true, isForSeal, signal });
  } catch (error) {
    throw LedgerError.is(error)
      ? error
      : new LedgerError("IO", `run ${created.id} could not be closed`, { cause: error });
  } finally {
    writer.close();
  }
}
