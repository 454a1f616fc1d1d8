import * as z from "zod/mini";
import { decodeJson } from "../backend/json.ts";
import type { SegmentEntry } from "./list-segments.ts";
import { isDictionary } from "./record-checks.ts";
import type { Coverage, RunDocument } from "./run-document.ts";
import type { RunRecord } from "./run-record.ts";

const schema = /* @__PURE__ */ z.object({
  v: z.literal(1),
  record: z.custom<RunRecord>(
    (value) => isDictionary(value) && ["id", "experiment", "metrics", "params", "damage"].every((key) => key in value),
  ),
  covers: z.array(
    z.object({ writer: z.string(), segments: z.array(z.object({ seq: z.number(), bytes: z.number() })) }),
  ),
});

/** The document of the run `id`, or `undefined` for anything else: then the journals, of which it is a cache, are read. */
export function decodeRunDocument(bytes: Uint8Array, id: string): RunDocument | undefined {
  try {
    const result = z.safeParse(schema, decodeJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
    return result.success && result.data.record.id === id ? result.data : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the journals as listed hold nothing that a document does not cover. */
export function coversAll(covers: readonly Coverage[], writers: ReadonlyMap<string, readonly SegmentEntry[]>): boolean {
  const covered = new Map(
    covers.flatMap(({ writer, segments }) => segments.map(({ seq, bytes }) => [`${writer}.${seq}`, bytes] as const)),
  );
  for (const segments of writers.values()) {
    for (const { writer, seq, size } of segments) if (size > (covered.get(`${writer}.${seq}`) ?? -1)) return false;
  }
  return true;
}
