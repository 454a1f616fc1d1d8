import { type OptionNames, readOptions } from "../arguments/options.ts";
import type { Backend } from "../backend/backend.ts";
import { backendOfLedger } from "../backend/ledger-backend.ts";
import { invalidArgument, LedgerError, reading } from "../errors/ledger-error.ts";
import type { RecordedVersion } from "../journal/event.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { mapBounded } from "../platform/bounded.ts";
import { systemClock } from "../platform/clock.ts";
import { copyAliases } from "../transfer/copy-aliases.ts";
import { copyRun } from "../transfer/copy-run.ts";
import { checkOrigins, copyPurges, forkOrigins } from "../transfer/fork-origins.ts";
import { fromSource, isRefusal } from "../transfer/refusal.ts";
import { newTransfer, type TransferContext } from "../transfer/transfer-context.ts";
import type { Ledger } from "./ledger.ts";
import { randomIds } from "./random-ids.ts";
import { checkSelection, filterAdvice, type RunSelection, SELECTION } from "./run-query.ts";

interface CopyRunsQuery extends RunSelection {
  readonly dependencies?: boolean | undefined;
  readonly verify?: boolean | undefined;
  readonly onProgress?: ((progress: { readonly runs: number; readonly bytes: number }) => void) | undefined;
}

interface CopiedRuns {
  readonly copied: string[];
  readonly skipped: string[];
  readonly conflicts: { readonly id: string; readonly message: string }[];
  readonly bytes: number;
}

const QUERY: OptionNames<CopyRunsQuery> = { ...SELECTION, dependencies: true, verify: true, onProgress: true };
/** How many runs are copied at a time. */
const RUNS_AT_ONCE = 4;
/** How many runs are found at a time. */
const PAGE = 200;
/** The most runs that are followed from a run to those it refers to. */
const MOST_ANCESTORS = 1000;

const MEMBERS = ["experiment", "artifacts", "inputs", "parent", "forkOf"] as const;
type Found = Pick<RunRecord, (typeof MEMBERS)[number] | "id">;

/** Copies runs; see `copyRuns`. */
export async function copySelected(from: Ledger, to: Ledger, given: CopyRunsQuery | undefined): Promise<CopiedRuns> {
  const query = readOptions("copyRuns", given, QUERY, "query", filterAdvice);
  const { dependencies = true, verify = false, onProgress, ...selection } = query;
  checkSelection(selection);
  if (typeof dependencies !== "boolean") throw invalidArgument("dependencies", "true or false", dependencies);
  if (typeof verify !== "boolean") throw invalidArgument("verify", "true or false", verify);
  if (onProgress !== undefined && typeof onProgress !== "function")
    throw invalidArgument("onProgress", "a function", onProgress);
  const source = backendOf("from", from);
  const target = backendOf("to", to);
  if (target.capabilities.readOnly === true)
    throw new LedgerError("UNSUPPORTED", "the ledger `to` can only be read", { field: "to" });
  const { signal } = selection;
  const ids = randomIds(systemClock);
  const progress = { runs: 0, bytes: 0 };
  const stored = (bytes: number): void => void (progress.bytes += bytes);
  const context = newTransfer({ source, target, newId: () => ids("blob"), stored, verify, signal });
  const copies = new RunCopies(context, dependencies, () => {
    progress.runs++;
    onProgress?.({ ...progress });
  });
  let pageToken: string | undefined;
  do {
    const wanted = { ...selection, limit: PAGE, fields: MEMBERS, ...(pageToken !== undefined && { pageToken }) };
    const page = await from.searchRuns(wanted);
    for (const { id, error } of page.unreadable ?? []) copies.refuse(id, error.message);
    const shown = await shownIn(to, page.runs, signal);
    // Without their origins, forks are copied last: these may be found later.
    const forks = dependencies ? [] : page.runs.filter(({ forkOf }) => forkOf !== undefined);
    for (const run of forks) copies.waiting.set(run.id, { run, isShown: shown.has(run.id) });
    const now = page.runs.filter(({ id }) => !copies.waiting.has(id));
    await mapBounded(now, RUNS_AT_ONCE, signal, async (run, stop) => {
      const ancestors = dependencies ? await ancestorsOf(from, run, copies, stop) : [];
      const more = await shownIn(to, ancestors, stop);
      for (const each of ancestors) await copies.copy(each, more.has(each.id), stop);
      await copies.copy(run, shown.has(run.id), stop);
    });
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  await mapBounded([...copies.waiting.values()], RUNS_AT_ONCE, signal, ({ run, isShown }, stop) =>
    copies.copy(run, isShown, stop),
  );
  const conflicts = await copyAliases(context, copies.versions);
  const { copied, skipped, refused } = copies;
  const runs = [...refused].map(([id, message]) => ({ id, message }));
  return { copied, skipped, conflicts: [...runs, ...conflicts], bytes: progress.bytes };
}

/** The runs that one call copies, each once. */
class RunCopies {
  readonly copied: string[] = [];
  readonly skipped: string[] = [];
  /** Why runs were not copied, by id. */
  readonly refused: Map<string, string> = new Map();
  /** What the versions are called that both ledgers have now, by name. */
  readonly versions: Map<string, Set<string>> = new Map();
  /** Forks that are copied when everything else is, by id. */
  readonly waiting: Map<string, { readonly run: Found; readonly isShown: boolean }> = new Map();
  readonly #context: TransferContext;
  readonly #withInputs: boolean;
  readonly #tell: () => void;
  readonly #copies = new Map<string, Promise<void>>();

  constructor(context: TransferContext, withInputs: boolean, tell: () => void) {
    this.#context = context;
    this.#withInputs = withInputs;
    this.#tell = tell;
  }

  has(id: string): boolean {
    return this.#copies.has(id);
  }

  refuse(id: string, message: string): void {
    this.refused.set(id, message);
  }

  async copy(run: Found, isShown: boolean, signal: AbortSignal): Promise<void> {
    const copy = this.#copies.get(run.id) ?? this.#copy(run, isShown, signal);
    this.#copies.set(run.id, copy);
    await copy;
  }

  async #copy(run: Found, isShown: boolean, signal: AbortSignal): Promise<void> {
    const { id, experiment, forkOf, artifacts, inputs } = run;
    const needed = this.#withInputs ? inputs : [];
    try {
      if (forkOf !== undefined) await this.#copyOrigins(id, signal);
      const isCopied = await copyRun(
        { ...this.#context, signal },
        { id, experiment, isFork: forkOf !== undefined, isShown, artifacts, inputs: needed },
      );
      (isCopied ? this.copied : this.skipped).push(id);
      for (const version of [...artifacts, ...needed]) this.#addVersion(version);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.refuse(id, error.message);
    }
    this.#tell();
  }

  /** Rejects with a refusal unless the target has the runs from which a fork inherits points, as soon as they are copied. */
  async #copyOrigins(id: string, signal: AbortSignal): Promise<void> {
    const context = { ...this.#context, signal };
    const origins = await fromSource(() => forkOrigins(context.source, id, signal));
    for (const { run } of origins.toReversed()) {
      const fork = this.waiting.get(run);
      await (fork ? this.copy(fork.run, fork.isShown, signal) : this.#copies.get(run));
    }
    await copyPurges(context, origins);
    await checkOrigins(context, id, origins);
  }

  #addVersion({ name, version }: RecordedVersion): void {
    const tags = this.versions.get(name) ?? new Set();
    this.versions.set(name, tags.add(version));
  }
}

/** Returns the ids of the runs that searches of a ledger show, or would show if they were not damaged. */
async function shownIn(
  ledger: Ledger,
  runs: readonly Found[],
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const shown = new Set<string>();
  for (const experiment of new Set(runs.map((run) => run.experiment))) {
    const ids = runs.filter((run) => run.experiment === experiment).map(({ id }) => id);
    const filter = `id IN (${ids.map((id) => `'${id}'`).join(", ")})`;
    const query = { experiment, filter, view: "all", limit: ids.length, fields: ["id"] } as const;
    const { runs: found, unreadable = [] } = await ledger.searchRuns({ ...query, ...(signal && { signal }) });
    for (const { id } of [...found, ...unreadable]) shown.add(id);
  }
  return shown;
}

/**
 * Returns the runs that a run was forked from or is a child of, and those of these runs, the last ones first. Leaves out
 * those that were copied before, that are gone, or that cannot be read: what the run has of itself does not need them.
 */
async function ancestorsOf(
  from: Ledger,
  run: Found,
  copies: RunCopies,
  signal: AbortSignal | undefined,
): Promise<Found[]> {
  const found: Found[] = [];
  const seen = new Set([run.id]);
  const open = namesOf(run);
  for (let id = open.shift(); id !== undefined && found.length < MOST_ANCESTORS; id = open.shift()) {
    if (seen.has(id) || copies.has(id)) continue;
    seen.add(id);
    try {
      const ancestor = await from.getRun(id, { signal });
      found.unshift(ancestor);
      for (const each of namesOf(ancestor)) open.push(each);
    } catch (error) {
      if (LedgerError.hasCode(error, "RUN_NOT_FOUND")) continue;
      if (!LedgerError.hasCode(error, "CORRUPT") && !LedgerError.hasCode(error, "FORMAT_TOO_NEW")) throw error;
      copies.refuse(id, error.message);
    }
  }
  return found;
}

function namesOf({ parent, forkOf }: Found): string[] {
  return [parent, forkOf?.run].filter((id) => id !== undefined);
}

function backendOf(field: string, ledger: unknown): Backend {
  const backend = reading(field, () => backendOfLedger(ledger));
  if (backend === undefined) throw invalidArgument(field, "an open ledger", ledger);
  return backend;
}
