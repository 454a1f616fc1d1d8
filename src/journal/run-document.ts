import * as z from "zod/mini";
import { decodeJson, encodeJson } from "../backend/json.ts";
import type { SegmentEntry } from "./reader.ts";
import type { RunRecord } from "./run-record.ts";

/** What of a writer's journal a run document covers. */
export interface Coverage {
  readonly writer: string;
  readonly segments: readonly { readonly seq: number; readonly bytes: number }[];
}

/** The fold of a run, written when it closes: a cache of the journals, good as long as they hold no more than it covers. */
export interface RunDocument {
  readonly record: RunRecord;
  readonly covers: readonly Coverage[];
}

const DOCUMENT = /^run(?:\.([0-9]{4,9}))?\.json$/;

/** Key of a run's `n`-th document: `run.json`, then `run.0002.json` and so on, since nothing is ever written over. */
export function runDocumentKey(runId: string, n: number): string {
  return n === 1 ? `runs/${runId}/run.json` : `runs/${runId}/run.${String(n).padStart(4, "0")}.json`;
}

/** The number in a key that {@link runDocumentKey} made, or `undefined` for any other key. */
export function parseRunDocumentKey(key: string): number | undefined {
  const match = DOCUMENT.exec(key.slice(key.lastIndexOf("/") + 1));
  return match ? Number(match[1] ?? 1) : undefined;
}

const number = /* @__PURE__ */ z.number();
const schema = /* @__PURE__ */ z.object({
  v: z.literal(1),
  record: z.custom<RunRecord>(
    (value) => typeof value === "object" && value !== null && ["id", "experiment", "metrics", "params", "damage"].every((key) => key in value),
  ),
  covers: z.array(z.object({ writer: z.string(), segments: z.array(z.object({ seq: number, bytes: number })) })),
});

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export function encodeRunDocument(document: RunDocument): Uint8Array {
  return encoder.encode(encodeJson({ v: 1, ...document }, "run"));
}

/** The document of the run `id`, or `undefined` for anything else: then the journals, of which it is a cache, are read. */
export function decodeRunDocument(bytes: Uint8Array, id: string): RunDocument | undefined {
  try {
    const result = z.safeParse(schema, decodeJson(decoder.decode(bytes)));
    return result.success && result.data.record.id === id ? result.data : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the journals as listed hold nothing that a document does not cover. */
export function coversAll(covers: readonly Coverage[], writers: ReadonlyMap<string, readonly SegmentEntry[]>): boolean {
  const covered = new Map(covers.flatMap(({ writer, segments }) => segments.map(({ seq, bytes }) => [`${writer}.${seq}`, bytes] as const)));
  for (const segments of writers.values()) {
    for (const { writer, seq, size } of segments) if (size > (covered.get(`${writer}.${seq}`) ?? -1)) return false;
  }
  return true;
}
