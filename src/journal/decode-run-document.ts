import { isRunRecord } from "./is-run-record.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { decodeCheckedJson, laterVersion } from "../bytes/checked-json.ts";
import type { Compacted, CompactedEnd, CompactedObject, StoredObject } from "./compacted.ts";
import { DamageList } from "./damage.ts";
import { type CheckedFold, checkFold, toWriterFold } from "./decode-fold.ts";
import type { Dictionary } from "./event.ts";
import { isInventory, type StoredKind, storedKind } from "./inventory.ts";
import { type Checks, isText, isTexts, oneOf, optional, pickMembers } from "./members.ts";
import { isDictionary, isInteger } from "./record-checks.ts";
import { DOCUMENT_LIMITS, type RunDocument } from "./run-document.ts";
import type { RunRecord } from "./run-record.ts";

/** A document whose folds are not checked yet. */
interface StoredDocument {
  readonly v: 1;
  readonly record: RunRecord;
  readonly objects: readonly StoredObject[];
  readonly summaries?: string | undefined;
  readonly compacted?: Dictionary | undefined;
}

const text = /* @__PURE__ */ optional(isText);

const checks: Checks<StoredDocument> = {
  v: /* @__PURE__ */ oneOf(1),
  record: (value): value is RunRecord => isDictionary(value) && isRunRecord(withAbsent(value)),
  objects: isInventory,
  summaries: text,
  compacted: /* @__PURE__ */ optional(isDictionary),
};

interface StoredCompacted {
  readonly metrics: readonly string[];
  readonly overview?: string | undefined;
  readonly writers: readonly unknown[];
  readonly media: readonly string[];
  readonly events: readonly string[];
  readonly summaries?: string | undefined;
  readonly ends: Dictionary<CompactedEnd>;
}

const compactedChecks: Checks<StoredCompacted> = {
  metrics: isTexts,
  overview: text,
  writers: (value): value is unknown[] => Array.isArray(value),
  media: isTexts,
  events: isTexts,
  summaries: text,
  ends: (value): value is Dictionary<CompactedEnd> => isDictionary(value) && Object.values(value).every(isEnd),
};

/** Returns a record with the members that a document may leave out. */
function withAbsent<T extends object>(record: T): T {
  const absent = { metrics: {}, datasets: [] };
  return { ...absent, ...record };
}

function isEnd(value: unknown): value is CompactedEnd {
  return isDictionary(value) && isInteger(value["segments"]) && isInteger(value["bytes"]);
}

/**
 * Returns the document of the run `id`, or `undefined` for anything else. Throws `FORMAT_TOO_NEW` for a later version.
 * A document with `summaries` has no metrics and no rich values yet: see `readRunDocument`.
 */
export function decodeRunDocument(bytes: Uint8Array, id: string): RunDocument | undefined {
  try {
    const value = decodeCheckedJson(bytes, DOCUMENT_LIMITS);
    const later = laterVersion(value);
    if (later !== undefined) throw tooNew(id, later);
    const stored = pickMembers(value, checks);
    if (stored?.record.id !== id) return undefined;
    const { record, objects, compacted, summaries } = stored;
    if (summaries === undefined && !isDictionary(record.metrics)) return undefined;
    const find = finder(objects);
    return {
      record: {
        ...withAbsent(record),
        damage: new DamageList(record.damage).list(),
      },
      objects,
      ...(compacted && { compacted: restore(compacted, find) }),
      ...(summaries !== undefined && { summaries: find("records", summaries) }),
    };
  } catch (error) {
    if (LedgerError.hasCode(error, "FORMAT_TOO_NEW")) throw error;
    return undefined;
  }
}

function tooNew(id: string, v: number): LedgerError {
  return new LedgerError(
    "FORMAT_TOO_NEW",
    `the document of run ${id} is of version ${v}, and this library reads version 1`,
  );
}

type Find = (kind: StoredKind, name: string) => CompactedObject;

/** Returns a function that finds an object of an inventory, and throws a RangeError if none has this kind and name. */
function finder(objects: readonly StoredObject[]): Find {
  const known = new Map(objects.map((each) => [each.name, each]));
  return (kind, name) => {
    const { size, digest } = known.get(name) ?? {};
    if (size === undefined || digest === undefined || storedKind(name) !== kind)
      throw new RangeError("the document names an object that it does not list");
    return { name, size, digest };
  };
}

/** Throws a RangeError for anything else than what {@link RunDocument.compacted} is stored as. */
function restore(value: Dictionary, find: Find): Compacted {
  const stored = pickMembers(value, compactedChecks);
  if (stored === undefined) throw new RangeError("the document does not say what replaces the journals");
  const { metrics, overview, media, events, summaries, ends } = stored;
  const writers = stored.writers.map(toCheckedFold);
  if (new Set(writers.map(({ writer }) => writer)).size < writers.length)
    throw new RangeError("the document has a writer twice");
  return {
    metrics: metrics.map((name) => find("metrics", name)),
    ...(overview !== undefined && { overview: find("overview", overview) }),
    writers: writers.map(toWriterFold),
    media: media.map((name) => find("records", name)),
    events: events.map((name) => find("records", name)),
    ...(summaries !== undefined && { summaries: find("records", summaries) }),
    ends,
  };
}

function toCheckedFold(value: unknown): CheckedFold {
  const fold = checkFold(value);
  if (fold === undefined) throw new RangeError("the document has something that is no fold");
  return fold;
}
