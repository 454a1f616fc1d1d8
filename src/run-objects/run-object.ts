import type { StoredKind } from "../journal/inventory.ts";

/**
 * What an object of a run is. Below the run's own prefix: see {@link StoredKind}, or `unknown` for an object that no
 * writer of this library makes, which only a listing shows. Elsewhere in the ledger: the `manifest` of an artifact
 * version that the run made, and a `blob` with a file of such a version or with a rich value.
 */
export type RunObjectKind = StoredKind | "manifest" | "blob" | "unknown";

/** An object that belongs to a run. */
export interface RunObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** `sha256:<hex>`. Absent for what only a listing tells of. */
  readonly digest?: string | undefined;
  readonly kind: RunObjectKind;
}
