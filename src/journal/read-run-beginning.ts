import type { Backend, CallOptions } from "../backend/backend.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { MAX_CHECKED_JSON_BYTES } from "../bytes/checked-json.ts";
import { decodeRunCreated } from "./decode-run-created.ts";
import { type RunCreated, runCreatedKey } from "./run-created.ts";

/** How a run began. `NOT_FOUND`; `CORRUPT` for anything else that stands in its place, `FORMAT_TOO_NEW` for a later version of it. */
export async function readRunBeginning(backend: Backend, runId: string, options?: CallOptions): Promise<RunCreated> {
  const bytes = await readBounded(backend, runCreatedKey(runId), MAX_CHECKED_JSON_BYTES, options);
  return decodeRunCreated(bytes, runId);
}
