import type { Backend, CallOptions } from "../backend/backend.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { decodeCheckedJson, MAX_CHECKED_JSON_BYTES } from "../bytes/checked-json.ts";
import { type RunCreated, runCreatedKey } from "./run-created.ts";
import * as z from "zod/mini";
import { LedgerError } from "../errors/ledger-error.ts";
import type { Dictionary } from "./event.ts";
import { type ForkOrigin, isForkOrigin } from "./fork-origin.ts";
import { isDictionary, isExperiment, isStrings, isWriterId } from "./record-checks.ts";
import { type FixedAttribute, fixedAttributes } from "./run-attributes.ts";

/** Reads the beginning of a run. Rejects with `NOT_FOUND`, `CORRUPT`, or `FORMAT_TOO_NEW` for a later version. */
export async function readRunBeginning(backend: Backend, runId: string, options?: CallOptions): Promise<RunCreated> {
  const bytes = await readBounded(backend, runCreatedKey(runId), MAX_CHECKED_JSON_BYTES, options);
  return decodeRunCreated(bytes, runId);
}

const dictionary = /* @__PURE__ */ z.custom<Dictionary>(isDictionary);
const strings = /* @__PURE__ */ z.custom<Dictionary<string>>(isStrings);
const text = /* @__PURE__ */ z.optional(z.string());

const fixed = /* @__PURE__ */ Object.fromEntries(fixedAttributes.map((member) => [member, text])) as Record<
  FixedAttribute,
  typeof text
>;

const schema: z.ZodMiniType<RunCreated> = /* @__PURE__ */ z.object({
  v: z.literal(1),
  id: z.string(),
  experiment: z.custom<string>(isExperiment),
  name: z.string(),
  createdAt: z.number(),
  startTime: z.optional(z.number()),
  params: z.optional(dictionary),
  tags: z.optional(strings),
  note: text,
  ...fixed,
  forkOf: z.optional(z.custom<ForkOrigin>(isForkOrigin)),
  environment: z.optional(dictionary),
  writer: z.object({ id: z.custom<string>(isWriterId), beatMs: z.number(), alive: text }),
});

/**
 * Returns the beginning of the run `id`. Throws `CORRUPT` for anything else, and `FORMAT_TOO_NEW` for a later version.
 */
export function decodeRunCreated(bytes: Uint8Array, id: string): RunCreated {
  const key = runCreatedKey(id);
  let value: unknown;
  try {
    value = decodeCheckedJson(bytes);
  } catch (cause) {
    throw new LedgerError("CORRUPT", `${key} cannot be read: it is damaged or not JSON`, { key, cause });
  }
  return toRunCreated(value, id);
}

/** Returns what {@link decodeRunCreated} returns for decoded JSON. */
export function toRunCreated(value: unknown, id: string): RunCreated {
  const key = runCreatedKey(id);
  const version = isDictionary(value) ? value["v"] : undefined;
  if (typeof version === "number" && version > 1) {
    throw new LedgerError("FORMAT_TOO_NEW", `${key} is of version ${version}; this library reads version 1`, { key });
  }
  const result = z.safeParse(schema, value);
  if (!result.success)
    throw new LedgerError("CORRUPT", `${key} is not the beginning of a run: ${z.prettifyError(result.error)}`, { key });
  if (result.data.id !== id) throw new LedgerError("CORRUPT", `${key} describes another run`, { key });
  return result.data;
}
