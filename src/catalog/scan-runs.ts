import type { Backend } from "../backend/backend.ts";
import { mapBounded } from "../backend/bounded.ts";
import { LedgerError } from "../backend/error.ts";
import { decodeRunCreated } from "../journal/decode-run-created.ts";
import { ID_PATTERN, runCreatedKey } from "../journal/run-created.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { experimentPrefix } from "./entry.ts";
import { type ReadRow, readRow, unlessDamaged } from "./read-row.ts";

/** Runs read at a time. */
const AT_ONCE = 32;

/**
 * The runs there are, whatever the catalogue says, by the prefix of their experiment; only of some prefixes, if given. Runs that cannot
 * be read are told to `onError` and left out.
 */
export async function runsByPrefix(
  { backend, onError }: CatalogContext,
  prefixes: ReadonlySet<string> | undefined,
  signal: AbortSignal | undefined,
): Promise<Map<string, string[]>> {
  const call = signal ? { signal } : {};
  const ids = new Set<string>();
  for await (const { key } of backend.list("runs", call)) {
    const id = key.split("/", 2)[1];
    if (id !== undefined && ID_PATTERN.test(id)) ids.add(id);
  }
  const found = new Map<string, string[]>();
  await mapBounded([...ids], AT_ONCE, signal, async (id, stop) => {
    const experiment = await unlessDamaged(onError, () => readExperiment(backend, id, stop));
    if (experiment === undefined) return;
    const prefix = experimentPrefix(experiment);
    if (prefixes && !prefixes.has(prefix)) return;
    const own = found.get(prefix);
    if (own) own.push(id);
    else found.set(prefix, [id]);
  });
  return found;
}

/** A run whose beginning is damaged may have a document that tells all. */
async function readExperiment(backend: Backend, id: string, signal: AbortSignal): Promise<string> {
  try {
    return decodeRunCreated(await backend.read(runCreatedKey(id), { signal }), id).experiment;
  } catch (error) {
    if (!LedgerError.hasCode(error, "CORRUPT")) throw error;
    return (await readRow(backend, id, signal)).record.experiment;
  }
}

/** The rows of runs, read anew, a bounded number at a time. */
export async function* scanRuns(
  { backend, onError }: CatalogContext,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<ReadRow, void, undefined> {
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    const rows = await mapBounded(ids.slice(i, i + AT_ONCE), AT_ONCE, signal, (id, stop) =>
      unlessDamaged(onError, () => readRow(backend, id, stop)),
    );
    for (const row of rows) if (row) yield row;
  }
}
