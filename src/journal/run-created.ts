import { encodeCheckedJson } from "../bytes/checked-json.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { Dictionary } from "./event.ts";
import type { FixedAttributes } from "./run-attributes.ts";

/**
 * What the id of a run looks like: safe in keys and URLs. Ids that are made have no capitals, so that no filesystem
 * merges two; people may choose some that have.
 */
export const ID_PATTERN: RegExp = /^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/;

export function runPrefix(runId: string): string {
  return `runs/${runId}`;
}

/** Name, below the run's prefix, of the object with a {@link RunCreated}. */
export const BEGINNING_NAME = "run.created.json";

export function runCreatedKey(runId: string): string {
  return `${runPrefix(runId)}/${BEGINNING_NAME}`;
}

/** How a run began: the one object written by `startRun`, never changed. */
export interface RunCreated extends FixedAttributes {
  readonly v: 1;
  readonly id: string;
  readonly experiment: string;
  readonly name: string;
  /** When this was written, in ms since the epoch. */
  readonly createdAt: number;
  /** When the run began, if that was not then, in ms since the epoch. */
  readonly startTime?: number | undefined;
  readonly params?: Dictionary | undefined;
  readonly tags?: Dictionary<string> | undefined;
  readonly note?: string | undefined;
  readonly environment?: Dictionary | undefined;
  /** The session that began the run; see `SessionEvent`. */
  readonly writer: { readonly id: string; readonly beatMs: number; readonly alive?: string | undefined };
}

/** What was encoded: closing a run needs the bytes that its beginning has. */
const encoded = new WeakMap<RunCreated, Uint8Array>();

/** Returns the bytes of the object, the same ones each time. */
export function encodeRunCreated(created: RunCreated): Uint8Array {
  const bytes = encoded.get(created) ?? encodeCheckedJson(created, "run");
  encoded.set(created, bytes);
  return bytes;
}

/** Returns the error for an id that no run of the ledger has. */
export function runNotFound(id: string): LedgerError {
  const shown = id.length > 80 ? `${id.slice(0, 80)}…` : id;
  return new LedgerError("RUN_NOT_FOUND", `there is no run ${JSON.stringify(shown)} in this ledger`, {
    field: "id",
    received: "string",
  });
}
