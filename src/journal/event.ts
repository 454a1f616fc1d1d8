import * as z from "zod/mini";
import { decodeJson, encodeJson } from "../backend/json.ts";
import { LedgerError } from "../backend/error.ts";

/** Data of any shape, with own keys only: `__proto__` is a key like another. */
export type Dictionary<T = unknown> = { [key: string]: T };

const isDictionary = (value: unknown): value is Dictionary =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// z.record would drop a key named `__proto__`.
const dictionary = /* @__PURE__ */ z.custom<Dictionary>(isDictionary);
const strings = /* @__PURE__ */ z.custom<Dictionary<string>>(
  (value) => isDictionary(value) && Object.values(value).every((item) => typeof item === "string"),
);
const counts = /* @__PURE__ */ z.custom<Dictionary<number>>(
  (value) => isDictionary(value) && Object.values(value).every((item) => Number.isSafeInteger(item)),
);
const integer = /* @__PURE__ */ z.number().check(z.refine((value) => Number.isSafeInteger(value)));
const optionalString = /* @__PURE__ */ z.optional(z.string());

/** Every event has a version of its kind, its place in the order of the run's events, and a wall time in ms. */
const head = { v: z.literal(1), order: integer, time: z.number() };

export const errorSummary = /* @__PURE__ */ z.object({ name: z.string(), message: z.string(), stack: optionalString });
export type ErrorSummary = z.infer<typeof errorSummary>;

/** How a run can be closed by the program that ran it. */
export const closingStatus = /* @__PURE__ */ z.enum(["finished", "failed", "killed"]);
export type ClosingStatus = z.infer<typeof closingStatus>;

/** An artifact version as the journal records it; see `RecordedVersion`. */
export const recordedVersion = /* @__PURE__ */ z.object({
  name: z.string(), version: z.string(), digest: z.string(), size: z.number(), type: optionalString,
  aliases: z.array(z.string()), metadata: dictionary, createdAt: z.number(), runId: optionalString,
});
/** An artifact version as a run's journal recorded it. `size` in bytes, `createdAt` in ms since the epoch. */
export type RecordedVersion = z.infer<typeof recordedVersion>;

const schemas = /* @__PURE__ */ z.discriminatedUnion("kind", [
  /** A writer began. `beatMs`: it shows progress at least this often, or is gone. `alive`: see `Liveness`. */
  z.object({ kind: z.literal("session"), ...head, mode: z.enum(["start", "join", "recover"]), beatMs: z.number(), alive: optionalString }),
  z.object({ kind: z.literal("params"), ...head, set: dictionary }),
  z.object({ kind: z.literal("tags"), ...head, set: z.optional(strings), remove: z.optional(z.array(z.string())) }),
  z.object({ kind: z.literal("note"), ...head, text: z.string() }),
  z.object({
    kind: z.literal("metric"), ...head, name: z.string(), goal: z.optional(z.enum(["minimize", "maximize"])),
    stepMetric: optionalString, unit: optionalString, description: optionalString,
  }),
  /** A version of an artifact that the run made (`artifact`) or used (`input`). */
  z.object({ kind: z.enum(["artifact", "input"]), ...head, version: recordedVersion }),
  /** Nothing happened; the writer is there. */
  z.object({ kind: z.literal("beat"), ...head }),
  /** Wall time moved by `jumpMs` against monotonic time. */
  z.object({ kind: z.literal("clock"), ...head, jumpMs: z.number() }),
  /** So many points were given up since the buffer's bound was reached. */
  z.object({ kind: z.literal("dropped"), ...head, points: integer }),
  z.object({ kind: z.literal("finish"), ...head, status: closingStatus, error: z.optional(errorSummary) }),
  /** The writers were seen no further than these record numbers and are gone. Void once one of them has got further. */
  z.object({ kind: z.literal("interrupted"), ...head, positions: counts, endTime: z.optional(z.number()) }),
]);

/** One thing that happened to a run, as the journal keeps it. */
export type RunEvent = z.infer<typeof schemas>;
type WithoutHead<T> = T extends unknown ? Omit<T, "v" | "order" | "time"> : never;
/** An event before the writer puts version, order and time on it. */
export type NewEvent = WithoutHead<RunEvent>;

/** Largest event in bytes of UTF-8 JSON: it has to fit into one frame. */
export const MAX_EVENT_BYTES: number = 8 * 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Throws `INVALID_ARGUMENT` naming the path below `field`, or `TOO_LARGE`. */
export function encodeEvent(event: NewEvent, order: number, time: number, field: string): Uint8Array {
  const bytes = encoder.encode(encodeJson({ ...event, v: 1, order, time }, field));
  if (bytes.length > MAX_EVENT_BYTES) {
    throw new LedgerError("TOO_LARGE", `${field} takes ${bytes.length} bytes, more than the ${MAX_EVENT_BYTES} of one record`, { field });
  }
  return bytes;
}

/** An event this version knows; otherwise the kind (and version) it does not know, which a reader skips and reports. */
export function decodeEvent(bytes: Uint8Array): { event: RunEvent } | { unknown: string } {
  const value = decodeJson(decoder.decode(bytes));
  const result = z.safeParse(schemas, value);
  if (result.success) return { event: result.data };
  const { kind, v } = (isDictionary(value) ? value : {}) as { kind?: unknown; v?: unknown };
  return { unknown: `${String(kind).slice(0, 40)} v${String(v).slice(0, 10)}` };
}
