import { isRunRecord } from "./is-run-record.ts";
import * as z from "zod/mini";
import { LedgerError } from "../errors/ledger-error.ts";
import { decodeCheckedJson, laterVersion } from "../bytes/checked-json.ts";
import type { Compacted, CompactedEnd, CompactedObject, StoredObject } from "./compacted.ts";
import { DamageList } from "./damage.ts";
import { storedFold, toWriterFold } from "./decode-fold.ts";
import type { Dictionary } from "./event.ts";
import { isInventory, type StoredKind, storedKind } from "./inventory.ts";
import { isDictionary, isInteger } from "./record-checks.ts";
import { DOCUMENT_LIMITS, type RunDocument } from "./run-document.ts";
import type { RunRecord } from "./run-record.ts";

const names = /* @__PURE__ */ z.array(z.string());
const schema = /* @__PURE__ */ z.object({
  v: z.literal(1),
  record: z.custom<RunRecord>((value) => isDictionary(value) && isRunRecord(withAbsent(value))),
  objects: z.custom<StoredObject[]>(isInventory),
  summaries: z.optional(z.string()),
  compacted: z.optional(
    z.object({
      metrics: names,
      overview: z.optional(z.string()),
      writers: z.array(storedFold),
      media: names,
      events: names,
      summaries: z.optional(z.string()),
      ends: z.custom<Dictionary<CompactedEnd>>((value) => isDictionary(value) && Object.values(value).every(isEnd)),
    }),
  ),
});

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
    const result = z.safeParse(schema, value);
    if (!result.success || result.data.record.id !== id) return undefined;
    const { record, objects, compacted, summaries } = result.data;
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

function restore(stored: NonNullable<z.infer<typeof schema>["compacted"]>, find: Find): Compacted {
  const { metrics, overview, writers, media, events, summaries, ends } = stored;
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
