import { mapBounded } from "../backend/bounded.ts";
import { decodeRunCreated } from "../journal/decode-run-created.ts";
import { runCreatedKey } from "../journal/run-created.ts";
import type { CatalogContext } from "./catalog-context.ts";
import type { CatalogRow } from "./catalog-row.ts";
import { experimentPrefix } from "./entry.ts";
import { readRow, unlessDamaged } from "./read-row.ts";

/** Runs read at a time. */
const AT_ONCE = 32;
const RUN_ID = /^[0-9a-z][0-9a-z_-]{0,63}$/;

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
    if (id !== undefined && RUN_ID.test(id)) ids.add(id);
  }
  const found = new Map<string, string[]>();
  await mapBounded([...ids], AT_ONCE, signal, async (id, stop) => {
    const created = await unlessDamaged(onError, async () =>
      decodeRunCreated(await backend.read(runCreatedKey(id), { signal: stop }), id),
    );
    if (created === undefined) return;
    const prefix = experimentPrefix(created.experiment);
    if (prefixes && !prefixes.has(prefix)) return;
    const own = found.get(prefix);
    if (own) own.push(id);
    else found.set(prefix, [id]);
  });
  return found;
}

/** The rows of runs, read anew, a bounded number at a time. */
export async function* scanRuns(
  { backend, onError }: CatalogContext,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<CatalogRow, void, undefined> {
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    const rows = await mapBounded(ids.slice(i, i + AT_ONCE), AT_ONCE, signal, (id, stop) =>
      unlessDamaged(onError, () => readRow(backend, id, stop)),
    );
    for (const row of rows) if (row) yield row;
  }
}
