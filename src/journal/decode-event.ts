import { utf8Decoder } from "../bytes/utf8.ts";
import * as z from "zod/mini";
import { decodeJson } from "../bytes/decode-json.ts";
import type { DatasetEvent, Dictionary, MediaRecord, RunEvent } from "./event.ts";
import { isDatasetData, knownDataset } from "./is-recorded-dataset.ts";
import { knownMedia } from "./known-media.ts";
import { isRecordedCode, knownCode } from "./is-recorded-code.ts";
import type { RecordedCode } from "./recorded-code.ts";
import { isCount, isCounts, isDictionary, isDigest, isInteger, isStrings } from "./record-checks.ts";

const dictionary = /* @__PURE__ */ z.custom<Dictionary>(isDictionary);
const strings = /* @__PURE__ */ z.custom<Dictionary<string>>(isStrings);
const counts = /* @__PURE__ */ z.custom<Dictionary<number>>(isCounts);
const integer = /* @__PURE__ */ z.custom<number>(isInteger);
const count = /* @__PURE__ */ z.custom<number>(isCount);
const some = /* @__PURE__ */ z.optional(count);
const text = /* @__PURE__ */ z.optional(z.string());
const head = { v: z.literal(1), order: integer, time: z.number() };

const recordedVersion = /* @__PURE__ */ z.object({
  name: z.string(),
  version: z.string(),
  digest: z.string(),
  size: z.number(),
  type: text,
  aliases: z.array(z.string()),
  metadata: dictionary,
  createdAt: z.number(),
  runId: text,
  manifest: z.object({ key: z.string(), size: count, digest: z.custom<string>(isDigest) }),
});

const schema: z.ZodMiniType<Exclude<RunEvent, MediaRecord>> = /* @__PURE__ */ z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("session"),
    ...head,
    mode: z.enum(["start", "join", "recover", "exclusive"]),
    fence: z.optional(integer),
    beatMs: z.number(),
    alive: text,
    positions: z.optional(counts),
    document: some,
    writers: some,
  }),
  z.object({ kind: z.enum(["params", "environment"]), ...head, set: dictionary }),
  z.object({ kind: z.literal("tags"), ...head, set: z.optional(strings), remove: z.optional(z.array(z.string())) }),
  z.object({ kind: z.literal("note"), ...head, text: z.string() }),
  z.object({
    kind: z.literal("metric"),
    ...head,
    name: z.string(),
    goal: z.optional(z.enum(["minimize", "maximize"])),
    stepMetric: text,
    unit: text,
    description: text,
  }),
  z.object({ kind: z.enum(["artifact", "input"]), ...head, version: recordedVersion }),
  z.object({
    kind: z.literal("dataset"),
    ...head,
    name: z.string(),
    digest: z.string(),
    uri: text,
    size: some,
    context: text,
    rows: some,
    columns: some,
    // `isDatasetData` checks these two.
    schema: z.optional(z.custom<DatasetEvent["schema"]>(() => true)),
    profile: z.optional(z.custom<DatasetEvent["profile"]>(() => true)),
    artifact: text,
  }),
  z.object({ kind: z.literal("code"), ...head, code: z.custom<RecordedCode>(isRecordedCode) }),
  z.object({ kind: z.literal("beat"), ...head }),
  z.object({ kind: z.literal("clock"), ...head, jumpMs: z.number() }),
  z.object({ kind: z.literal("dropped"), ...head, points: integer }),
  z.object({
    kind: z.literal("finish"),
    ...head,
    status: z.enum(["finished", "failed", "killed"]),
    endTime: z.optional(z.number()),
    error: z.optional(z.object({ name: z.string(), message: z.string(), stack: text })),
  }),
  z.object({ kind: z.literal("leave"), ...head, next: integer }),
  z.object({ kind: z.literal("interrupted"), ...head, positions: counts, endTime: z.optional(z.number()) }),
]);

/**
 * Returns the event with the members that this library knows, or `undefined` if it does not know the kind or version.
 */
export function knownEvent(value: unknown): RunEvent | undefined {
  if (isDictionary(value) && value["kind"] === "media") return knownMedia(value);
  const { data } = z.safeParse(schema, value);
  if (data?.kind === "dataset") return isDatasetData({ ...data }) ? knownDataset(data) : undefined;
  return data?.kind === "code" ? { ...data, code: knownCode(data.code) } : data;
}

const decoder = /* @__PURE__ */ utf8Decoder({ fatal: true });

export type EventDecoder = (bytes: Uint8Array) => { event: RunEvent } | { unknown: string };

/**
 * Returns an event, or the kind and version of an event that this version does not know. A reader skips and reports it.
 */
export function decodeEvent(bytes: Uint8Array): { event: RunEvent } | { unknown: string } {
  const value = decodeJson(decoder.decode(bytes));
  const event = knownEvent(value);
  if (event) return { event };
  const { kind, v } = (isDictionary(value) ? value : {}) as { kind?: unknown; v?: unknown };
  return { unknown: `${String(kind).slice(0, 40)} v${String(v).slice(0, 10)}` };
}
