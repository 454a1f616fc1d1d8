import type { Backend, ReadOptions } from "../backend/backend.ts";
import type { ObjectLocation } from "../backend/location.ts";

/** An object of the ledger that other programs can read. */
export interface StoredFile {
  /** The backend key of the object. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Where other programs find it. Absent if they cannot reach the backend. */
  readonly location?: ObjectLocation;
  /** Returns the bytes, or a range of them. Rejects with `NOT_FOUND` if the file was removed after it was listed. */
  read(options?: ReadOptions): Promise<Uint8Array>;
}

export function storedFile(backend: Backend, key: string, size: number): StoredFile {
  const location = backend.locate?.(key);
  return { key, size, ...(location && { location }), read: (options) => backend.read(key, options) };
}
