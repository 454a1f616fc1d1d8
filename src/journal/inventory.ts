import { assertKey } from "../backend/key.ts";
import type { Entry } from "../backend/backend.ts";
import { isRecordsName, parseMetricsName, type StoredObject } from "./compacted.ts";
import { parseFenceClaimKey, parseFencedEndKey, parseFenceKey } from "./fence.ts";
import { parseLifecycleKey } from "./lifecycle.ts";
import { isCount, isDictionary, isDigest } from "./record-checks.ts";
import { BEGINNING_NAME, runPrefix } from "./run-created.ts";
import { parseRunDocumentKey, type RunDocument } from "./run-document.ts";
import { parseSegmentKey, segmentKey, type SegmentName } from "./segment.ts";

/** What an object below the prefix of a run is. `metrics` are points; `records` are events, rich values or summaries. */
export type StoredKind =
  | "beginning"
  | "document"
  | "fence"
  | "journal"
  | "lifecycle"
  | "metrics"
  | "overview"
  | "records";

/** Any run will do: the names of its objects say what they are. */
const ANY_RUN = "run";

/** Returns what the object `name` of a run is, or `undefined` for a name that no writer gives. */
export function storedKind(name: string): StoredKind | undefined {
  const key = `${runPrefix(ANY_RUN)}/${name}`;
  switch (name.slice(0, Math.max(name.lastIndexOf("/"), 0))) {
    case "":
      if (name === BEGINNING_NAME) return "beginning";
      if (parseRunDocumentKey(key) !== undefined) return "document";
      if (isRecordsName(name)) return "records";
      return parseMetricsName(name, 0)?.kind;
    case "journal": {
      const segment = parseSegmentKey(key);
      return segment && segmentName(segment) === name ? "journal" : undefined;
    }
    case "fences": {
      const parsed = parseFenceKey(key) ?? parseFenceClaimKey(key) ?? parseFencedEndKey(key);
      return parsed === undefined ? undefined : "fence";
    }
    case "lifecycle":
      return parseLifecycleKey(key) === undefined ? undefined : "lifecycle";
    default:
      return undefined;
  }
}

/** Whether no writer ever removes the object `name` of a run. */
export function isKept(name: string): boolean {
  const kind = storedKind(name);
  return kind === "beginning" || kind === "document" || kind === "fence";
}

/** Returns the name of a segment below the run's prefix. */
export function segmentName(segment: SegmentName): string {
  return segmentKey(ANY_RUN, segment).slice(runPrefix(ANY_RUN).length + 1);
}

/**
 * Whether a value is the inventory of a run: objects below its prefix, each once, all of them with a digest but for segments of
 * journals. What was stored may be anybody's.
 */
export function isInventory(value: unknown): value is StoredObject[] {
  return (
    Array.isArray(value) && value.every(isStoredObject) && new Set(value.map(({ name }) => name)).size === value.length
  );
}

function isStoredObject(value: unknown): value is StoredObject {
  if (!isDictionary(value)) return false;
  const { name, size, digest } = value;
  if (typeof name !== "string" || !isCount(size)) return false;
  const kind = storedKind(name);
  // Sessions that delete or restore a run do not change its document.
  if (kind === undefined || kind === "lifecycle" || !isValidKey(name)) return false;
  return isDigest(digest) || (digest === undefined && kind === "journal");
}

function isValidKey(name: string): boolean {
  try {
    assertKey(`${runPrefix(ANY_RUN)}/${name}`);
    return true;
  } catch {
    return false;
  }
}

/** Returns the objects of an inventory as a listing of the run would have them. */
export function toEntries(runId: string, objects: readonly StoredObject[]): Entry[] {
  return objects.map(({ name, size }) => ({ key: `${runPrefix(runId)}/${name}`, size }));
}

/** A segment of a journal that an inventory has: the record of the document contains its first `bytes` bytes. */
export interface InventorySegment extends SegmentName {
  readonly bytes: number;
}

/** Returns the segments of journals in an inventory. */
export function segmentsIn(objects: readonly StoredObject[]): InventorySegment[] {
  return objects.flatMap(({ name, size }) => {
    const segment = storedKind(name) === "journal" ? parseSegmentKey(name) : undefined;
    return segment ? [{ ...segment, bytes: size }] : [];
  });
}

/**
 * Whether the inventory of a document has all of the run as long as no later session begins: the run was closed, no writer went on,
 * and nothing was lost.
 */
export function isFinal({ record, objects }: RunDocument): boolean {
  const { status, damage } = record;
  return (
    status !== "running" &&
    objects.every(({ digest }) => digest !== undefined) &&
    damage.every(({ kind }) => kind !== "missing")
  );
}
