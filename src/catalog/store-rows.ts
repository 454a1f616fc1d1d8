import { byteStream } from "../backend/body.ts";
import type { CatalogContext } from "./catalog-context.ts";
import type { CatalogRow } from "./catalog-row.ts";
import { segmentKey } from "./segment-name.ts";
import type { StoredRows } from "./stored-rows.ts";
import { SegmentWriter } from "./segment-write.ts";

/** Stores rows as segments of an experiment, one if they fit. They survive a power cut: what they replace may go. Returns the keys. */
export async function storeRows(
  { backend, newId }: CatalogContext,
  prefix: string,
  generation: number,
  rows: AsyncIterable<CatalogRow | StoredRows>,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const keys: string[] = [];
  const source = rows[Symbol.asyncIterator]();
  try {
    for (let next = await source.next(); !next.done;) {
      const key = segmentKey(prefix, generation, newId());
      const writer = new SegmentWriter(key);
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
  return keys;
}
