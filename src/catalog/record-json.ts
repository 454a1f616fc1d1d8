import { setOwn } from "../bytes/dictionary.ts";
import { decodeJsonValue, storedObject } from "../bytes/decode-json.ts";
import { encodeJson } from "../bytes/encode-json.ts";
import { parseJson } from "../bytes/parse-json.ts";
import type { Dictionary } from "../journal/event.ts";
import { isDictionary } from "../journal/record-checks.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { MetricSummary, Point } from "../journal/metric-summary.ts";
import { hasMembers } from "../journal/is-run-record.ts";

/**
 * Returns a record as JSON, as in run documents, but with `summaries` instead of `metrics`, which takes half of the
 * bytes and of the time. A summary is a list: count and mean, then value, step and time of the last point, and of the
 * least, the greatest and the best point if there are any.
 */
export function encodeRecord(record: RunRecord): string {
  const members = Object.entries(record).map(([key, value]) =>
    key === "metrics" ? ["summaries", toLists(record.metrics)] : [key, value],
  );
  return encodeJson(Object.fromEntries(members) as object, "record");
}

function toLists(metrics: RunRecord["metrics"]): Dictionary<number[]> {
  const lists: Dictionary<number[]> = {};
  for (const key of Object.keys(metrics)) {
    const { count, mean, last, min, max, best } = metrics[key]!;
    const extremes = min && max ? [...numbers(min), ...numbers(max), ...(best ? numbers(best) : [])] : [];
    setOwn(lists, key, [count, mean, ...numbers(last), ...extremes]);
  }
  return lists;
}

/** Returns the record. Throws a RangeError, or an error of decoding JSON, for anything else. */
export function decodeRecord(text: string): RunRecord {
  const data = parseJson(text);
  if (!isDictionary(data) || Object.hasOwn(data, "metrics")) throw new RangeError("a record is malformed");
  const summaries = storedObject(data["summaries"]);
  if (summaries === undefined) throw new RangeError("a record is malformed");
  // Most of a record is summaries, which need no decoding.
  const metrics: Dictionary<MetricSummary> = {};
  for (const key of Object.keys(summaries)) setOwn(metrics, key, toSummary(summaries[key]));
  data["summaries"] = null;
  const rest = decodeJsonValue(data) as Dictionary;
  const record: unknown = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => (key === "summaries" ? ["metrics", metrics] : [key, value])),
  );
  if (!hasMembers(record)) throw new RangeError("a record is malformed");
  return record as RunRecord & Record<string, unknown>;
}

const numbers = ({ value, step, time }: Point): number[] => [value, step, time];

function toSummary(value: unknown): MetricSummary {
  // Written without closures, because it runs a thousand times for a page of results, mostly before the engine compiles
  // it.
  const list = areNumbers(value) ? value : decodeJsonValue(value);
  if (!areNumbers(list)) throw new RangeError("a record is malformed");
  const count = list[0]!;
  const mean = list[1]!;
  switch (list.length) {
    case 5:
      return { last: pointAt(list, 2), mean, count };
    case 11:
      return { last: pointAt(list, 2), min: pointAt(list, 5), max: pointAt(list, 8), mean, count };
    case 14:
      return {
        last: pointAt(list, 2),
        min: pointAt(list, 5),
        max: pointAt(list, 8),
        best: pointAt(list, 11),
        mean,
        count,
      };
    default:
      throw new RangeError("a record is malformed");
  }
}

function areNumbers(list: unknown): list is number[] {
  if (!Array.isArray(list)) return false;
  for (let i = 0; i < list.length; i++) if (typeof list[i] !== "number") return false;
  return true;
}

const pointAt = (list: readonly number[], at: number): Point => ({
  value: list[at]!,
  step: list[at + 1]!,
  time: list[at + 2]!,
});
