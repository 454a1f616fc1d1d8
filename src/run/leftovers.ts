import type { Backend } from "../backend/backend.ts";
import { runPrefix } from "../journal/run-created.ts";
import { runDocumentKey } from "../journal/run-document.ts";
import type { RunState } from "../journal/run-state.ts";

/** Removes objects that attempts to close a run made. Names of objects that it cannot remove stay in `names`. */
export async function removeLeftovers(backend: Backend, runId: string, names: Set<string>): Promise<void> {
  for (const name of names) {
    try {
      await backend.remove(`${runPrefix(runId)}/${name}`);
      names.delete(name);
    } catch {
      // Readers ignore an object that no document names.
    }
  }
}

/** Removes the objects of a failed attempt to create document `n`, unless that document may exist after all. */
export async function discardAttempt(backend: Backend, runId: string, n: number, names: Set<string>): Promise<void> {
  if (names.size === 0) return;
  try {
    if ((await backend.stat(runDocumentKey(runId, n))) === undefined) await removeLeftovers(backend, runId, names);
  } catch {
    // The backend does not answer. The next attempt tries again.
  }
}

/** Removes the objects of earlier attempts, except those that the newest document of the run names. */
export async function tidyLeftovers(
  backend: Backend,
  runId: string,
  names: Set<string>,
  { document, listing }: RunState,
): Promise<void> {
  for (const { name } of document?.objects ?? []) names.delete(name);
  // The listing may be old.
  await discardAttempt(backend, runId, listing.newestDocument + 1, names);
}
