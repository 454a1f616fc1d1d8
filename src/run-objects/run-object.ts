import type { StoredKind } from "../journal/inventory.ts";

/**
 * The kind of an object of a run. Below the prefix of the run: see {@link StoredKind}, or `unknown` for an object that
 * no writer of this library makes. Only a listing shows such objects. Elsewhere in the ledger: the `manifest` of an
 * artifact version that the run made, or a `blob` with a file of such a version, a rich value, the patch of the code, or a
 * part of the archive of the code.
 */
export type RunObjectKind = StoredKind | "manifest" | "blob" | "unknown";

/** An object that belongs to a run. */
export interface RunObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** `sha256:<hex>`. Absent for objects that only a listing shows. */
  readonly digest?: string | undefined;
  readonly kind: RunObjectKind;
}
