import { LedgerError, concernsOneObject } from "../errors/ledger-error.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { CatalogTrouble, type OpenCatalog, openCatalog } from "./open-catalog.ts";
import { JOINT_PREFIX } from "./segment-name.ts";

/** How often the catalogue is opened again because segments were merged during the read, or are damaged. */
const TRIES = 20;

/** What is known about the catalogue from an earlier call. */
export interface OpenedBefore {
  readonly trouble: CatalogTrouble;
  /** The catalogue, if nobody here has changed it since. */
  readonly catalog: OpenCatalog | undefined;
}

/**
 * Opens the catalogue of one experiment, or of all, and returns the result of `use`. Starts again if others merge
 * segments meanwhile. Also starts again if segments turn out to be damaged; then their runs are read instead.
 */
export async function withCatalog<T>(
  context: CatalogContext,
  experiment: string | undefined,
  signal: AbortSignal | undefined,
  use: (catalog: OpenCatalog, trouble: CatalogTrouble) => Promise<T>,
  { before, joint = true }: { readonly before?: OpenedBefore | undefined; readonly joint?: boolean } = {},
): Promise<T> {
  const trouble = before?.trouble ?? new CatalogTrouble();
  let opened = before?.catalog;
  for (let left = TRIES; ; left--) {
    try {
      return await use(opened ?? (await openCatalog(context, experiment, trouble, signal, joint)), trouble);
    } catch (error) {
      if (left > 0 && isOfJoint(error)) {
        // Others have merged it, or the segments that it repeats are read instead.
        if (error.code !== "NOT_FOUND") context.onError(error);
        trouble.unusable.add(error.key!);
        opened = undefined;
        continue;
      }
      const prefix = left > 0 ? segmentsPrefix(error) : undefined;
      if (prefix === undefined || !LedgerError.is(error)) throw error;
      opened = undefined;
      if (error.code === "NOT_FOUND") continue;
      context.onError(error);
      trouble.damaged.set(prefix, error.code === "CORRUPT");
    }
  }
}

function isOfJoint(error: unknown): error is LedgerError {
  return concernsOneObject(error) && error.key?.startsWith(`${JOINT_PREFIX}/`) === true;
}

/** Returns the prefix of the experiment whose segments an error is about, if it is about nothing else. */
function segmentsPrefix(error: unknown): string | undefined {
  if (!LedgerError.is(error) || !concernsOneObject(error)) return undefined;
  return /^experiments\/[^/]+(?=\/segments(?:\/|$))/.exec(error.key ?? "")?.[0];
}
