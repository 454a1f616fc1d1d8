import { type OptionNames, readOptions } from "../arguments/options.ts";
import type { CallOptions } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import { mapBounded } from "../platform/bounded.ts";
import { MAX_CHECKED_JSON_BYTES } from "../bytes/checked-json.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { enter } from "../catalog/catalog-entry.ts";
import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import { storedKind } from "../journal/inventory.ts";
import { listRun } from "../journal/list-run.ts";
import { encodePurged, PURGED_NAME, type PurgedRun, purgedKey, wasPurged } from "../journal/purged.ts";
import { BEGINNING_NAME, type RunCreated, runCreatedKey, runNotFound, runPrefix } from "../journal/run-created.ts";
import { parseRunDocumentKey } from "../journal/run-document.ts";
import { readRunState } from "../journal/run-state.ts";
import { isSealName, SEAL_NAME } from "../journal/sealing.ts";
import { areWritersAlive } from "../journal/writers-alive.ts";
import type { OpenRun, RunContext } from "../run/run-context.ts";
import { setDeleted } from "./delete-run.ts";
import { checkRunId, readRunCreated } from "./read-run.ts";
import { isClosed } from "./tidy-run.ts";

/** Options of {@link purgeRun}. */
interface PurgeOptions extends CallOptions {
  /** Whether to purge a run that is sealed, or one with journals whose beginning is lost or damaged. Default `false`. */
  readonly force?: boolean | undefined;
}

const PURGE_OPTIONS: OptionNames<PurgeOptions> = { force: true, signal: true };
const REMOVALS_AT_ONCE = 16;
/** How often the run is listed again because somebody stored something below its prefix meanwhile. */
const TRIES = 20;

/**
 * Removes a run for good. First marks it as deleted, so that nobody resumes it. Then stores the object that stays, which
 * alone makes the run a purged one. Only then removes the others, so that the call can be repeated after a crash.
 * `here`: the runs that are open in this ledger.
 */
export async function purgeRun(
  context: RunContext,
  id: string,
  here: ReadonlySet<OpenRun>,
  options: PurgeOptions | undefined,
): Promise<void> {
  const { force = false, signal } = readOptions("purgeRun", options, PURGE_OPTIONS);
  if (typeof force !== "boolean") throw invalidArgument("force", "a boolean", force);
  const isOpenHere = [...here].some((run) => run.id === id);
  checkRunId(id);
  const { backend } = context;
  if (!(await wasPurged(backend, id, callOptions(signal)))) {
    const entries = await namesOf(context, id, signal);
    if (entries.length === 0) throw runNotFound(id);
    if (entries.includes(SEAL_NAME) && !force) throw isSealed(id);
    const look = { isOpenHere, force };
    await assertEnded(context, id, look, signal);
    const marker = entries.includes(BEGINNING_NAME) ? await setDeleted(context, id, true, signal) : undefined;
    let created: RunCreated | undefined;
    try {
      // A session may have begun before the mark.
      created = await assertEnded(context, id, look, signal);
    } catch (error) {
      if (marker !== undefined && LedgerError.hasCode(error, "CONFLICT"))
        await setDeleted(context, id, false, signal, marker);
      throw error;
    }
    const purged = await whatStays(context, id, created, entries.includes(SEAL_NAME), signal);
    await enterPurged(context, id, created, signal);
    const isOwn = await createOrMatch(backend, purgedKey(id), encodePurged(id, purged), signal, true);
    // Otherwise another process purges the run, too.
    if (!isOwn && !(await wasPurged(backend, id, callOptions(signal)))) throw runNotFound(id);
  }
  for (let left = TRIES; left > 0; left--) if (!(await removeObjects(context, id, signal))) return;
}

function isSealed(id: string): LedgerError {
  const message = `run ${id} is sealed, and verify() will report that it was purged: pass { force: true } if you mean it`;
  return new LedgerError("CONFLICT", message, { field: "id" });
}

/**
 * Makes searches read the run from its own objects instead of from the catalogue. The entry has the number of a marker
 * that is not there, so it says something else than all entries before.
 */
async function enterPurged(
  { backend }: RunContext,
  id: string,
  created: RunCreated | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (created === undefined) return;
  const { lifecycle } = await listRun(backend, id, callOptions(signal));
  await enter(backend, created.experiment, id, "marked", lifecycle + 1, signal);
}

async function whatStays(
  { backend, clock }: RunContext,
  id: string,
  created: RunCreated | undefined,
  hasSeal: boolean,
  signal: AbortSignal | undefined,
): Promise<PurgedRun> {
  const key = `${runPrefix(id)}/${SEAL_NAME}`;
  const bytes = hasSeal ? await readBounded(backend, key, MAX_CHECKED_JSON_BYTES, callOptions(signal)) : undefined;
  const seal = bytes && {
    size: bytes.length,
    digest: formatDigest(await (await loadSha256()).sha256Hex(bytes)),
  };
  return {
    time: clock.now(),
    ...(created && { experiment: created.experiment, name: created.name }),
    ...(seal && { seal }),
  };
}

/**
 * Returns the beginning of a run, or `undefined` if it is damaged or lost. Rejects with `CONFLICT` if somebody may still
 * write to the run. If nobody can know, because the beginning is damaged or lost, rejects unless `force`.
 */
async function assertEnded(
  { backend }: RunContext,
  id: string,
  { isOpenHere, force }: { readonly isOpenHere: boolean; readonly force: boolean },
  signal: AbortSignal | undefined,
): Promise<RunCreated | undefined> {
  const refuse = (why: string): LedgerError =>
    new LedgerError("CONFLICT", `run ${id} ${why}: finish it, or call recover() if its program is gone`, {
      field: "id",
      transient: true,
    });
  if (isOpenHere) throw refuse("is open in this program");
  let created: RunCreated;
  try {
    created = await readRunCreated(backend, id, signal);
  } catch (error) {
    const isLost = LedgerError.hasCode(error, "CORRUPT") || LedgerError.hasCode(error, "RUN_NOT_FOUND");
    if (!isLost) throw error;
    // Nobody can resume it. But somebody may be writing to it.
    if (force || (await listRun(backend, id, callOptions(signal))).writers.size === 0) return undefined;
    const what = `the beginning of run ${id} is damaged or lost, so nothing says whether somebody still writes to it`;
    throw new LedgerError("CORRUPT", `${what}: pass { force: true } to purge it if nobody does`, {
      field: "id",
      key: runCreatedKey(id),
      cause: error,
    });
  }
  const state = await readRunState(backend, created, callOptions(signal));
  if (isClosed(created, state)) return created;
  const alive = await areWritersAlive(backend, created, state.folds, state.listing.fences);
  if (alive === "gone") return created;
  throw refuse(alive === "alive" ? "is being written" : "may still be written");
}

/** Removes what belongs to a run, but for the object that stays and the seal: the chain of seals names it. Returns whether there was anything. */
async function removeObjects({ backend }: RunContext, id: string, signal: AbortSignal | undefined): Promise<boolean> {
  const names = (await namesOf({ backend }, id, signal)).filter((name) => name !== PURGED_NAME && !isSealName(name));
  // A reader that does not list must not find a run with parts missing: first its beginning goes, then its documents, the
  // first one first.
  const first = names.filter((name) => name === BEGINNING_NAME);
  const numberOf = (name: string): number => parseRunDocumentKey(`${runPrefix(id)}/${name}`) ?? 0;
  const documents = names.filter((name) => numberOf(name) > 0).sort((a, b) => numberOf(a) - numberOf(b));
  const early = new Set([...first, ...documents]);
  for (const name of early) await backend.remove(`${runPrefix(id)}/${name}`, callOptions(signal));
  const rest = names.filter((name) => !early.has(name));
  await mapBounded(rest, REMOVALS_AT_ONCE, signal, (name, stop) =>
    backend.remove(`${runPrefix(id)}/${name}`, callOptions(stop)),
  );
  return names.length > 0;
}

/** Lists the names of the objects of a run. Other files that lie there are not among them, and stay. */
async function namesOf(
  { backend }: Pick<RunContext, "backend">,
  id: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const prefix = runPrefix(id);
  const names: string[] = [];
  for await (const { key } of backend.list(prefix, callOptions(signal))) {
    const name = key.slice(prefix.length + 1);
    if (storedKind(name) !== undefined || name === PURGED_NAME) names.push(name);
  }
  return names;
}
