import * as z from "zod/mini";
import { LedgerError } from "../backend/error.ts";
import { decodeJson, encodeJson } from "../backend/json.ts";
import type { Dictionary } from "./event.ts";

export function runPrefix(runId: string): string {
  return `runs/${runId}`;
}

export function runCreatedKey(runId: string): string {
  return `runs/${runId}/run.created.json`;
}

const isDictionary = (value: unknown): value is Dictionary =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const dictionary = /* @__PURE__ */ z.custom<Dictionary>(isDictionary);
const strings = /* @__PURE__ */ z.custom<Dictionary<string>>(
  (value) => isDictionary(value) && Object.values(value).every((item) => typeof item === "string"),
);
const optionalString = /* @__PURE__ */ z.optional(z.string());

const schema = /* @__PURE__ */ z.object({
  v: z.literal(1),
  id: z.string(),
  experiment: z.string(),
  name: z.string(),
  /** ms since the epoch. */
  createdAt: z.number(),
  params: z.optional(dictionary),
  tags: z.optional(strings),
  note: optionalString,
  group: optionalString,
  jobType: optionalString,
  parent: optionalString,
  environment: z.optional(dictionary),
  /** The session that began the run; see the event `session`. */
  writer: z.object({ id: z.string(), beatMs: z.number(), alive: optionalString }),
});

/** How a run began: the one object written by `startRun`, never changed. */
export type RunCreated = z.infer<typeof schema>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export function encodeRunCreated(created: RunCreated): Uint8Array {
  return encoder.encode(encodeJson(created, "run"));
}

/** Throws `CORRUPT` for anything that is not how the run `id` began. */
export function decodeRunCreated(bytes: Uint8Array, id: string): RunCreated {
  const key = runCreatedKey(id);
  let value: unknown;
  try {
    value = decodeJson(decoder.decode(bytes));
  } catch (cause) {
    throw new LedgerError("CORRUPT", `${key} cannot be read: it is damaged or no JSON`, { key, cause });
  }
  const version = isDictionary(value) ? value["v"] : undefined;
  if (typeof version === "number" && version > 1) {
    throw new LedgerError("FORMAT_TOO_NEW", `${key} is of version ${version}; this library reads version 1`, { key });
  }
  const result = z.safeParse(schema, value);
  if (!result.success) throw new LedgerError("CORRUPT", `${key} is not the beginning of a run: ${z.prettifyError(result.error)}`, { key });
  if (result.data.id !== id) throw new LedgerError("CORRUPT", `${key} describes the run ${JSON.stringify(result.data.id)}`, { key });
  return result.data;
}
