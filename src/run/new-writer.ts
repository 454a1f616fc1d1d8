import type { FlushPolicy } from "../journal/flush-policy.ts";
import type { JsonSize } from "../journal/json-size.ts";
import { purgedKey, runPurged, wasPurged } from "../journal/purged.ts";
import { encodeRunCreated, type RunCreated, runCreatedKey } from "../journal/run-created.ts";
import { JournalWriter } from "../journal/journal-writer.ts";
import type { RunContext } from "./run-context.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import { ownValue } from "../bytes/dictionary.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import { enter } from "../catalog/catalog-entry.ts";
import type { RunKeeper } from "../journal/writer-options.ts";

interface NewWriterSettings {
  readonly policy: FlushPolicy;
  readonly beatMs: number;
  readonly order: number;
  readonly fence: number | undefined;
  readonly held: JsonSize;
}

/**
 * Returns the journal of a new session. `fence` of the settings: how many fences the run has; `undefined`: none shuts
 * the session out.
 */
export function newWriter(
  context: RunContext,
  created: RunCreated,
  writerId: string,
  settings: NewWriterSettings,
): JournalWriter {
  const { backend, clock, ids, onError } = context;
  const { id } = created;
  return new JournalWriter({
    backend,
    clock,
    runId: id,
    writerId,
    created,
    ...settings,
    newWriterId: () => ids("writer"),
    keeper: runKeeper(context, created),
    onError,
  });
}

const newestDocuments = /* @__PURE__ */ onDemand(() => import("../journal/newest-document.ts"));

function runKeeper(context: RunContext, created: RunCreated): RunKeeper {
  return {
    restore: () => keepRun(context, created),
    async compactedTo(writer) {
      const { readNewestDocument, whileItChanges } = await newestDocuments();
      const { backend } = context;
      const { id } = created;
      const { document } = await whileItChanges(backend, id, undefined, undefined, (listing, isConfirmed) =>
        readNewestDocument(backend, id, listing, isConfirmed),
      );
      return document?.compacted && ownValue(document.compacted.ends, writer);
    },
  };
}

/**
 * Restores the objects without which nobody can read or find the run, and reports that. Costs one request if nothing is
 * missing. Rejects with `FENCED` if the run was purged.
 */
async function keepRun(context: RunContext, created: RunCreated): Promise<void> {
  const { backend, keepMarker, onError } = context;
  const key = runCreatedKey(created.id);
  if ((await backend.stat(key)) !== undefined) return;
  if (await wasPurged(backend, created.id)) {
    const message = `run ${created.id} was purged: this writer stores nothing more`;
    throw new LedgerError("FENCED", message, { key: purgedKey(created.id), cause: runPurged(created.id) });
  }
  await keepMarker();
  await createOrMatch(backend, key, encodeRunCreated(created), undefined);
  await enter(backend, created.experiment, created.id, "open", 0);
  const what = `others have removed ${key}, and perhaps more, while the run was written: it was written again`;
  onError(new LedgerError("CONFLICT", what, { key }));
}
