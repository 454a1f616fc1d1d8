import type { FlushPolicy } from "../journal/flush-policy.ts";
import type { JsonSize } from "../journal/json-size.ts";
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

/** The journal of a new session of a run, which has `fence` fences; `undefined` for a session that none of them can shut out. */
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
    ...settings,
    newWriterId: () => ids("writer"),
    keeper: runKeeper(context, created),
    onError,
  });
}

const runStates = /* @__PURE__ */ onDemand(() => import("../journal/newest-document.ts"));

/** Keeps what is around a journal in order for the writer of it. */
export function runKeeper(context: RunContext, created: RunCreated): RunKeeper {
  return {
    restore: () => keepRun(context, created),
    async compactedTo(writer) {
      const { readNewestDocument, whileItChanges } = await runStates();
      const { backend } = context;
      const { id } = created;
      const { document } = await whileItChanges(backend, id, undefined, undefined, (listing, isConfirmed) =>
        readNewestDocument(backend, id, listing, isConfirmed),
      );
      return document?.compacted && ownValue(document.compacted.ends, writer);
    },
  };
}

/** Puts back what a run cannot be read or found without, and says so, if others have removed it. Costs a request when it is there. */
async function keepRun(context: RunContext, created: RunCreated): Promise<void> {
  const { backend, keepMarker, onError } = context;
  const key = runCreatedKey(created.id);
  if ((await backend.stat(key)) !== undefined) return;
  await keepMarker();
  await createOrMatch(backend, key, encodeRunCreated(created), undefined);
  await enter(backend, created.experiment, created.id, "open", 0);
  const what = `others have removed ${key}, and perhaps more, while the run was written; it was written again`;
  onError(new LedgerError("CONFLICT", what, { key }));
}
