import { encodeCheckedJson } from "../bytes/checked-json.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { Dictionary } from "./event.ts";
import type { ForkOrigin } from "./fork-origin.ts";
import type { FixedAttributes } from "./run-attributes.ts";

/** Returns the prefix of the keys of a run. */
export function runPrefix(runId: string): string {
  return `runs/${runId}`;
}

/** The name, below the prefix of the run, of the object with a {@link RunCreated}. */
export const BEGINNING_NAME = "run.created.json";

/** Returns the key of the object with the {@link RunCreated} of a run. */
export function runCreatedKey(runId: string): string {
  return `${runPrefix(runId)}/${BEGINNING_NAME}`;
}

/** The beginning of a run: the object that `startRun` creates, and nothing changes later. */
export interface RunCreated extends FixedAttributes {
  readonly v: 1;
  readonly id: string;
  readonly experiment: string;
  readonly name: string;
  /** When the object was created, in ms since the epoch. */
  readonly createdAt: number;
  /** When the run began, in ms since the epoch. Default: `createdAt`. */
  readonly startTime?: number | undefined;
  readonly params?: Dictionary | undefined;
  readonly tags?: Dictionary<string> | undefined;
  readonly note?: string | undefined;
  readonly forkOf?: ForkOrigin | undefined;
  readonly environment?: Dictionary | undefined;
  /** The session that began the run; see `SessionEvent`. */
  readonly writer: { readonly id: string; readonly beatMs: number; readonly alive?: string | undefined };
}

/** The encoded objects: closing a run needs the exact bytes of its beginning. */
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
