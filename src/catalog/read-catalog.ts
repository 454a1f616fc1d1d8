import { onDemand } from "../platform/on-demand.ts";
import type { CatalogContext } from "./catalog-context.ts";
import type { CatalogTrouble, OpenCatalog } from "./open-catalog.ts";
import { MIN_LOOSE } from "./segment-limits.ts";
import { withCatalog } from "./with-catalog.ts";

const tidying = /* @__PURE__ */ onDemand(() => import("./tidy-catalog.ts"));

/**
 * Opens the catalogue of one experiment, or of all, and returns the result of `read`, as {@link withCatalog} does. The
 * catalogue is tidied in the background afterwards. Calls `onError` for each run that could not be read.
 */
export async function readCatalog<T>(
  context: CatalogContext,
  experiment: string | undefined,
  signal: AbortSignal | undefined,
  read: (catalog: OpenCatalog) => Promise<T>,
): Promise<T> {
  return await withCatalog(context, experiment, signal, async (catalog, trouble) => {
    const answer = await read(catalog);
    if (isUntidy(context, catalog, trouble)) tidyLater(context, experiment, catalog, trouble);
    void context.segments.trim();
    for (const { error } of catalog.unreadable.list()) context.onError(error);
    return answer;
  });
}

function isUntidy({ backend }: CatalogContext, catalog: OpenCatalog, { damaged }: CatalogTrouble): boolean {
  if (backend.capabilities.readOnly === true) return false;
  if (!catalog.isComplete || [...damaged.values()].includes(true)) return true;
  return catalog.experiments.some(({ loose }) => loose.filter(({ isClosed }) => isClosed).length >= MIN_LOOSE);
}

function tidyLater(
  context: CatalogContext,
  experiment: string | undefined,
  catalog: OpenCatalog,
  trouble: CatalogTrouble,
): void {
  const { background } = context;
  // What is opened now is out of date when other work has ended.
  let opened = background.isBusy ? undefined : catalog;
  background.queue(`catalog ${JSON.stringify(experiment)}`, async () => {
    const { tidyInBackground } = await tidying();
    if (opened?.openedAt !== background.ended) opened = undefined;
    await tidyInBackground(context, experiment, { trouble, catalog: opened });
  });
}
