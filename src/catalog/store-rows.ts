import { byteStream } from "../backend/body.ts";
import type { CatalogContext } from "./catalog-context.ts";
import type { CatalogRow } from "./catalog-row.ts";
import { createEmpty, segmentedKey } from "./catalog-entry.ts";
import { NO_LINEAGE, type SegmentLineage } from "./segment-lineage.ts";
import { nameOf, segmentKey } from "./segment-name.ts";
import type { StoredRows } from "./stored-rows.ts";
import { SegmentWriter } from "./segment-write.ts";

/**
 * Stores rows as segments of an experiment, one if they fit; behind those of generation 1 the object that says that it has some. They
 * survive a power cut: what they replace may go. Returns the keys.
 */
export async function storeRows(
  { backend, newId }: CatalogContext,
  prefix: string,
  generation: number,
  rows: AsyncIterable<CatalogRow | StoredRows>,
  signal: AbortSignal | undefined,
  lineage: SegmentLineage = NO_LINEAGE,
): Promise<string[]> {
  const keys: string[] = [];
  const source = rows[Symbol.asyncIterator]();
  try {
    for (let next = await source.next(); !next.done;) {
      const key = segmentKey(prefix, generation, newId());
      const writer = new SegmentWriter(key, {
        ...lineage,
        peers: [...lineage.peers, ...keys.map((each) => nameOf({ key: each }))],
      });
      const bytes = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
        while (!next.done && !writer.isFull) {
          const piece = writer.add(next.value);
          if (piece) yield piece;
          next = await source.next();
        }
        yield writer.end();
      };
      await backend.create(key, byteStream(bytes()), { durable: true, ...(signal && { signal }) });
      keys.push(key);
    }
  } finally {
    await source.return?.();
  }
  const call = { durable: true, ...(signal && { signal }) };
  if (keys.length > 0 && generation === 1) await createEmpty(backend, segmentedKey(prefix), call);
  return keys;
}
