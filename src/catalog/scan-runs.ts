import type { Backend } from "../backend/backend.ts";
import { mapBounded } from "../platform/bounded.ts";
import { concernsOneObject } from "../errors/ledger-error.ts";
import { listGroups } from "../backend/list-groups.ts";
import { readRunBeginning } from "../journal/read-run-beginning.ts";
import { ID_PATTERN } from "../journal/run-id.ts";
import type { UnreadableRuns } from "../journal/unreadable-runs.ts";
import { experimentPrefix } from "./catalog-entry.ts";
import { type ReadRow, readRow } from "./read-run-row.ts";

/** Runs read at a time. */
const AT_ONCE = 32;

/** The stored runs, found without the catalogue. */
export interface FoundRuns {
  /** Ids by the prefix of their experiment. */
  readonly byPrefix: ReadonlyMap<string, readonly string[]>;
  /**
   * Runs that may be in any experiment, because the objects that name the experiment cannot be read now. Not runs that
   * are damaged for good.
   */
  readonly unplaced: readonly string[];
}

/** Finds all runs, or only those of experiments with some prefixes. Adds runs that cannot be read to `unreadable`. */
export async function findRuns(
  backend: Backend,
  prefixes: ReadonlySet<string> | undefined,
  unreadable: UnreadableRuns,
  signal: AbortSignal | undefined,
): Promise<FoundRuns> {
  const call = signal ? { signal } : {};
  const ids = new Set<string>();
  const add = (id: string): void => void (ID_PATTERN.test(id) && ids.add(id));
  // A run that cannot be listed is added, too. The caller gets the reason when it reads that run.
  for await (const { key } of listGroups(backend, "runs", add, call)) add(key.split("/", 2)[1] ?? "");
  const byPrefix = new Map<string, string[]>();
  const unplaced: string[] = [];
  await mapBounded([...ids], AT_ONCE, signal, async (id, stop) => {
    const experiment = await unreadable.unless(id, () => readExperiment(backend, id, stop));
    if (experiment === undefined) {
      const error = unreadable.of(id);
      if (error && error.code !== "CORRUPT") unplaced.push(id);
      return;
    }
    const prefix = experimentPrefix(experiment);
    if (prefixes && !prefixes.has(prefix)) return;
    const own = byPrefix.get(prefix);
    if (own) own.push(id);
    else byPrefix.set(prefix, [id]);
  });
  return { byPrefix, unplaced };
}

/** If the beginning of a run is damaged or lost, its document may still have everything. */
async function readExperiment(backend: Backend, id: string, signal: AbortSignal): Promise<string> {
  try {
    return (await readRunBeginning(backend, id, { signal })).experiment;
  } catch (error) {
    if (!concernsOneObject(error)) throw error;
    return (await readRow(backend, id, signal)).record.experiment;
  }
}

/** Reads the rows of runs in batches. Adds runs that cannot be read to `unreadable`. */
export async function* scanRuns(
  backend: Backend,
  ids: readonly string[],
  unreadable: UnreadableRuns,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly ReadRow[], void, undefined> {
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    const rows = await mapBounded(ids.slice(i, i + AT_ONCE), AT_ONCE, signal, (id, stop) =>
      unreadable.unless(id, () => readRow(backend, id, stop)),
    );
    yield rows.filter((row) => row !== undefined);
  }
}
