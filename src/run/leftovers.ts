import type { Backend } from "../backend/backend.ts";
import { runPrefix } from "../journal/run-created.ts";
import { runDocumentKey } from "../journal/run-document.ts";
import type { RunState } from "../journal/run-state.ts";

/** Removes objects that attempts to close a run made. What cannot be removed now stays in `names`, for the next attempt. */
export async function removeLeftovers(backend: Backend, runId: string, names: Set<string>): Promise<void> {
  for (const name of names) {
    try {
      await backend.remove(`${runPrefix(runId)}/${name}`);
      names.delete(name);
    } catch {
      // No reader counts an object that no document names.
    }
  }
}

/** Removes what a failed attempt to create document `n` made, unless that document may be in place after all. */
export async function discardAttempt(backend: Backend, runId: string, n: number, names: Set<string>): Promise<void> {
  if (names.size === 0) return;
  try {
    if ((await backend.stat(runDocumentKey(runId, n))) === undefined) await removeLeftovers(backend, runId, names);
  } catch {
    // The backend does not answer. The next attempt looks again.
  }
}

/** Removes what earlier attempts left behind, unless the run's newest document names it. */
export async function tidyLeftovers(
  backend: Backend,
  runId: string,
  names: Set<string>,
  { document, listing }: RunState,
): Promise<void> {
  for (const { name } of document?.objects ?? []) names.delete(name);
  // A listing may be behind.
  await discardAttempt(backend, runId, listing.newestDocument + 1, names);
}
