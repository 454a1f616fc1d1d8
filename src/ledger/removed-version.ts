import { parseRef } from "../artifacts/name.ts";
import { findRemoved, manifestOf } from "../artifacts/version-fate.ts";
import type { ArtifactRef } from "../artifacts/version.ts";
import { callOptions } from "../backend/call-options.ts";
import { formatDigest } from "../bytes/digest.ts";
import type { LinkedRuns } from "../catalog/read-links.ts";
import { versionRefOf } from "../catalog/run-links.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { RunContext } from "../run/run-context.ts";

/** A version that a reference names. It may have been removed. */
interface NamedVersion {
  /** `model:v3`. */
  readonly ref: string;
  readonly isRemoved: boolean;
  /** Returns the digest, or `undefined` if nothing says any more which one the version had. */
  readonly digest: (runs: LinkedRuns) => Promise<string | undefined>;
}

/**
 * Finds a version, also a removed one that is named by its tag or its digest. Rejects as `ArtifactStore.resolve` does
 * for anything else.
 */
export async function findVersion(
  { artifacts, backend }: RunContext,
  ref: ArtifactRef,
  field: string,
  signal: AbortSignal | undefined,
): Promise<NamedVersion> {
  const parsed = parseRef(ref, field);
  try {
    const version = await (await artifacts()).resolve(ref, callOptions(signal));
    return { ref: versionRefOf(version), isRemoved: false, digest: async () => version.digest };
  } catch (error) {
    if (!LedgerError.hasCode(error, "ARTIFACT_NOT_FOUND")) throw error;
    const fate = await findRemoved(backend, parsed, signal);
    if (fate === undefined) throw error;
    const hex = "hex" in parsed ? parsed.hex : undefined;
    const digest = async (runs: LinkedRuns): Promise<string | undefined> => {
      const stored = hex ?? (await manifestOf(backend, fate, signal))?.hex;
      return stored === undefined ? recordedDigest(runs, fate.ref) : formatDigest(stored);
    };
    return { ref: fate.ref, isRemoved: true, digest };
  }
}

/** Returns the digest that runs recorded of a version. */
function recordedDigest(runs: LinkedRuns, ref: string): string | undefined {
  for (const { made, used, datasets } of [...runs.makersOf(ref), ...runs.usersOf(ref)]) {
    const version = [...made, ...used].find((each) => versionRefOf(each) === ref);
    const digest = version?.digest ?? datasets.find(({ artifact }) => artifact === ref)?.digest;
    if (digest !== undefined) return digest;
  }
  return undefined;
}
