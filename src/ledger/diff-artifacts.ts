import { readSignal } from "../arguments/options.ts";
import type { OpenArtifact } from "../artifacts/open.ts";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { ArtifactRef } from "../artifacts/version.ts";
import type { CallOptions } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { type ArtifactDiff, type ComparedFile, diffFiles } from "../compare/artifact-diff.ts";
import { reading } from "../errors/ledger-error.ts";
import { breakIfDue, inSlices } from "../platform/event-loop.ts";
import type { RunContext } from "../run/run-context.ts";

/** Returns what differs between the files of two versions; see `Ledger.diffArtifacts`. */
export async function diffArtifacts(
  context: RunContext,
  a: ArtifactRef | OpenArtifact,
  b: ArtifactRef | OpenArtifact,
  options: CallOptions | undefined,
): Promise<ArtifactDiff> {
  const signal = readSignal("diffArtifacts", options);
  signal?.throwIfAborted();
  const store = await context.artifacts();
  const [first, second] = [await filesOf(store, a, "a", signal), await filesOf(store, b, "b", signal)];
  signal?.throwIfAborted();
  return await inSlices(diffFiles(first, second));
}

async function filesOf(
  store: ArtifactStore,
  given: ArtifactRef | OpenArtifact,
  field: string,
  signal: AbortSignal | undefined,
): Promise<ComparedFile[]> {
  const opened = reading(field, () => isOpened(given))
    ? (given as OpenArtifact)
    : await store.open(given as ArtifactRef, callOptions(signal), field);
  const files: ComparedFile[] = [];
  for await (const file of opened.files()) {
    files.push(file);
    const pause = breakIfDue();
    if (pause !== undefined) await pause;
  }
  return files;
}

function isOpened(given: unknown): boolean {
  return typeof (given as Partial<OpenArtifact> | null | undefined)?.files === "function";
}
