import type { CatalogRow } from "../../src/catalog/catalog-row.ts";
import { experimentPrefix } from "../../src/catalog/catalog-entry.ts";
import { storeRows } from "../../src/catalog/segment-write.ts";
import { SegmentCache } from "../../src/catalog/segment-cache.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { type Part, record } from "../compare/records.ts";

/** Stores runs that exist nowhere else in a segment of their experiment. */
export async function storeSegment(
  backend: Backend,
  generation: number,
  parts: Iterable<readonly [id: string, part: Part]>,
  { experiment = "default" }: { readonly experiment?: string } = {},
): Promise<string[]> {
  let segments = 0;
  const context = {
    backend,
    segments: new SegmentCache(backend),
    newId: (): string => `g${generation}s${segments++}`,
    onError: (error: Error): never => {
      throw error;
    },
  };
  const rows = async function* (): AsyncGenerator<CatalogRow> {
    for (const [id, part] of parts) yield { record: record(id, { experiment, ...part }), document: 1, marker: 0 };
  };
  return await storeRows(context, experimentPrefix(experiment), generation, rows(), undefined);
}
