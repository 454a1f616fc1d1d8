import { assertKey } from "../backend/key.ts";
import type { Entry } from "../backend/backend.ts";
import { isRecordsName, parseMetricsName, type StoredObject } from "./compacted.ts";
import { parseFenceClaimKey, parseFencedEndKey, parseFenceKey } from "./fence.ts";
import { parseLifecycleKey } from "./lifecycle.ts";
import { parseMediaPackName } from "./media-pack.ts";
import { isCount, isDictionary, isDigest } from "./record-checks.ts";
import { BEGINNING_NAME, runPrefix } from "./run-created.ts";
import { parseRunDocumentKey, type RunDocument } from "./run-document.ts";
import { isSealName, SEALING_NAME } from "./sealing.ts";
import { parseSegmentKey, segmentKey, type SegmentName } from "./segment.ts";

/**
 * The kind of an object below the prefix of a run. `media`: small contents of rich values. `metrics`: points.
 * `records`: events, rich values or summaries. `sealing`: says that no session may begin. `seal`: the seal, the list of
 * what it covers, or a signature.
 */
export type StoredKind =
  | "beginning"
  | "document"
  | "fence"
  | "journal"
  | "lifecycle"
  | "media"
  | "metrics"
  | "overview"
  | "records"
  | "seal"
  | "sealing";

/** A stand-in for the id of a run: the kind of an object follows from its name alone. */
const ANY_RUN = "run";

/** Returns the kind of the object `name` of a run, or `undefined` for a name that no writer uses. */
export function storedKind(name: string): StoredKind | undefined {
  const key = `${runPrefix(ANY_RUN)}/${name}`;
  switch (name.slice(0, Math.max(name.lastIndexOf("/"), 0))) {
    case "":
      if (name === BEGINNING_NAME) return "beginning";
      if (name === SEALING_NAME) return "sealing";
      if (isSealName(name)) return "seal";
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
    case "media":
      return parseMediaPackName(name) === undefined ? undefined : "media";
    case "signatures":
      return isSealName(name) ? "seal" : undefined;
    default:
      return undefined;
  }
}

/** Returns whether documents list the object `name` of a run whatever they are made from. No writer ever removes it. */
export function isKept(name: string): boolean {
  const kind = storedKind(name);
  return kind === "beginning" || kind === "document" || kind === "fence" || kind === "sealing";
}

/** Returns the name of a segment below the run's prefix. */
export function segmentName(segment: SegmentName): string {
  return segmentKey(ANY_RUN, segment).slice(runPrefix(ANY_RUN).length + 1);
}

/**
 * Returns whether stored data is the inventory of a run: objects below its prefix, each once, all with a digest, except
 * segments of journals.
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
  // Sessions that delete, restore or seal a run do not change its document.
  if (kind === undefined || kind === "lifecycle" || kind === "seal" || !isValidKey(name)) return false;
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

/** Returns the objects of an inventory as a listing of the run would. */
export function toEntries(runId: string, objects: readonly StoredObject[]): Entry[] {
  return objects.map(({ name, size }) => ({ key: `${runPrefix(runId)}/${name}`, size }));
}

/** A segment of a journal in an inventory. The record of the document contains its first `bytes` bytes. */
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
 * Returns whether the inventory of a document has everything of the run until a later session begins: the run was
 * closed, no writer continued, and nothing was lost.
 */
export function isFinal({ record, objects }: RunDocument): boolean {
  const { status, damage } = record;
  return (
    status !== "running" &&
    objects.every(({ digest }) => digest !== undefined) &&
    damage.every(({ kind }) => kind !== "missing")
  );
}
