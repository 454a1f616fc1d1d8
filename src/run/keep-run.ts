import { createOrMatch } from "../backend/create-or-match.ts";
import { ownValue } from "../bytes/dictionary.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import { enter } from "../catalog/catalog-entry.ts";
import { encodeRunCreated, type RunCreated, runCreatedKey } from "../journal/run-created.ts";
import type { RunKeeper } from "../journal/run-keeper.ts";
import type { RunContext } from "./run-context.ts";

const runStates = /* @__PURE__ */ onDemand(() => import("../journal/run-state.ts"));

/** Keeps what is around a journal in order for the writer of it. */
export function runKeeper(context: RunContext, created: RunCreated): RunKeeper {
  return {
    restore: () => keepRun(context, created),
    async compactedTo(writer) {
      const { readBeginning, whileItChanges } = await runStates();
      const { backend } = context;
      const { id } = created;
      const { document } = await whileItChanges(backend, id, undefined, undefined, (listing, isConfirmed) =>
        readBeginning(backend, id, listing, isConfirmed),
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
