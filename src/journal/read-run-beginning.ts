import type { Backend, CallOptions } from "../backend/backend.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { decodeCheckedJson, MAX_CHECKED_JSON_BYTES } from "../bytes/checked-json.ts";
import { type RunCreated, runCreatedKey } from "./run-created.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { isForkOrigin } from "./fork-origin.ts";
import { type Checks, isNumber, isText, oneOf, optional, pickMembers, wrongMember } from "./members.ts";
import { isDictionary, isExperiment, isStrings, isWriterId } from "./record-checks.ts";
import { type FixedAttribute, fixedAttributes } from "./run-attributes.ts";

/** Reads the beginning of a run. Rejects with `NOT_FOUND`, `CORRUPT`, or `FORMAT_TOO_NEW` for a later version. */
export async function readRunBeginning(backend: Backend, runId: string, options?: CallOptions): Promise<RunCreated> {
  const bytes = await readBounded(backend, runCreatedKey(runId), MAX_CHECKED_JSON_BYTES, options);
  return decodeRunCreated(bytes, runId);
}

type Writer = RunCreated["writer"];

const text = /* @__PURE__ */ optional(isText);

const fixed = /* @__PURE__ */ Object.fromEntries(fixedAttributes.map((member) => [member, text])) as Record<
  FixedAttribute,
  typeof text
>;

const checks: Checks<RunCreated> = {
  v: /* @__PURE__ */ oneOf(1),
  id: isText,
  experiment: isExperiment,
  name: isText,
  createdAt: isNumber,
  startTime: /* @__PURE__ */ optional(isNumber),
  params: /* @__PURE__ */ optional(isDictionary),
  tags: /* @__PURE__ */ optional(isStrings),
  note: text,
  ...fixed,
  forkOf: /* @__PURE__ */ optional(isForkOrigin),
  environment: /* @__PURE__ */ optional(isDictionary),
  writer: (value): value is Writer => pickMembers(value, writerChecks) !== undefined,
};

const writerChecks: Checks<Writer> = { id: isWriterId, beatMs: isNumber, alive: text };

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
  const created = pickMembers(value, checks);
  const writer = pickMembers(created?.writer, writerChecks);
  if (created === undefined || writer === undefined) {
    const wrong = isDictionary(value) && wrongMember(value, checks);
    const why = wrong ? `its member "${wrong}" is missing, or not what it must be` : "it is not an object";
    throw new LedgerError("CORRUPT", `${key} is not the beginning of a run: ${why}`, { key });
  }
  if (created.id !== id) throw new LedgerError("CORRUPT", `${key} describes another run`, { key });
  return { ...created, writer };
}
