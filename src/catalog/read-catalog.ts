import { onDemand } from "../platform/on-demand.ts";
import type { CatalogContext } from "./catalog-context.ts";
import type { CatalogTrouble, OpenCatalog } from "./open-catalog.ts";
import { countUnjoined } from "./open-experiment.ts";
import { MIN_JOINED, MIN_LOOSE, MIN_LOOSE_OF_ALL } from "./segment-limits.ts";
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
  joint = true,
): Promise<T> {
  const use = async (catalog: OpenCatalog, trouble: CatalogTrouble): Promise<T> => {
    const answer = await read(catalog);
    if (isUntidy(context, experiment, catalog, trouble, joint)) tidyLater(context, experiment, catalog, trouble);
    void context.segments.trim();
    for (const { error } of catalog.unreadable.list()) context.onError(error);
    return answer;
  };
  return await withCatalog(context, experiment, signal, use, { joint });
}

function isUntidy(
  { backend }: CatalogContext,
  experiment: string | undefined,
  catalog: OpenCatalog,
  { damaged, unusable }: CatalogTrouble,
  joint: boolean,
): boolean {
  if (backend.capabilities.readOnly === true) return false;
  if (!catalog.isComplete || [...damaged.values()].includes(true)) return true;
  const closed = catalog.experiments.map(({ loose }) => loose.filter(({ isClosed }) => isClosed).length);
  if (closed.some((runs) => runs >= MIN_LOOSE)) return true;
  if (experiment !== undefined) return false;
  if (closed.reduce((sum, runs) => sum + runs, 0) >= MIN_LOOSE_OF_ALL) return true;
  return joint && countUnjoined(catalog.experiments) >= MIN_JOINED && unusable.size === 0;
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
    // Loading the module would keep the process alive.
    await background.pause();
    const { tidyInBackground } = await tidying();
    if (opened?.openedAt !== background.ended) opened = undefined;
    await tidyInBackground(context, experiment, { trouble, catalog: opened });
  });
}
