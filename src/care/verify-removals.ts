import { parseManifestKey, removedMarkerKey } from "../artifacts/manifests.ts";
import { callOptions } from "../backend/call-options.ts";
import { decodeSegment } from "../backend/key.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { decodeCheckedJson } from "../bytes/checked-json.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { purgedKey } from "../journal/purged.ts";
import { runPrefix } from "../journal/run-created.ts";
import { sealKey } from "../journal/sealing.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { SealedObject } from "../seal/sealed-objects.ts";
import { problemOf } from "./findings.ts";
import type { VerifyContext } from "./verify-objects.ts";

const STATS_AT_ONCE = 8;
const MAX_MARKER_BYTES = 64 * 1024;
const DAMAGED = "but is not as purgeRun makes it";
/** How many names a message has at most. */
const MAX_NAMES = 5;
const ADVICE = "The other runs are not affected. Restore this object from a copy of the ledger";

/** The versions of a sealed run that were removed since. */
export interface RemovedVersions {
  /** The keys of their manifests. */
  readonly manifests: ReadonlySet<string>;
  /** What they are called, for people. */
  readonly shown: string;
}

/** Adds a problem for each version that a seal covers and that was removed. Costs one request for each version. */
export async function findRemovedVersions(
  context: VerifyContext,
  run: string,
  objects: readonly SealedObject[],
): Promise<RemovedVersions> {
  const { backend, findings, signal } = context;
  const manifests = new Set<string>();
  const names: string[] = [];
  await mapBounded(objects.flatMap(versionOf), STATS_AT_ONCE, signal, async ({ key, marker, shown }, stop) => {
    try {
      if ((await backend.stat(marker, callOptions(stop))) === undefined) return;
    } catch (error) {
      signal?.throwIfAborted();
      findings.add(problemOf(error, key, ADVICE));
      return;
    }
    manifests.add(key);
    names.push(shown);
    const message =
      `${shown}, which run ${run} is sealed with, was removed: ${marker} says so. It may have been meant: removeArtifact and ` +
      "applyRetention remove sealed versions if they are forced to. Everything else of the run was compared with " +
      "its seal. If nobody meant it, remove the marker, and restore the objects of the version that are missing";
    findings.add({ kind: "removed", key, message });
  });
  const more = names.length > MAX_NAMES ? ` or ${names.length - MAX_NAMES} more` : "";
  return { manifests, shown: `${names.sort().slice(0, MAX_NAMES).join(", ")}${more}` };
}

function versionOf({ key }: SealedObject): { readonly key: string; readonly marker: string; readonly shown: string }[] {
  const [room, segment = ""] = key.split("/", 2);
  if (room !== "artifacts") return [];
  try {
    const name = decodeSegment(segment);
    const place = parseManifestKey(name, key);
    if (place === undefined) return [];
    const shown = `${name}:v${place.number}${place.id && `.${place.id}`}`;
    return [{ key, marker: removedMarkerKey(name, place), shown }];
  } catch {
    return []; // No key of this library.
  }
}

/**
 * Adds one problem if a sealed run was purged, and returns whether it was. `hasSeal`: whether its seal is still there, as
 * a purge leaves it.
 */
export async function findPurge(context: VerifyContext, run: string, hasSeal: boolean): Promise<boolean> {
  const { backend, findings, signal } = context;
  const marker = purgedKey(run);
  let when: string;
  try {
    when = timeOf(await readBounded(backend, marker, MAX_MARKER_BYTES, callOptions(signal)), run);
  } catch (error) {
    signal?.throwIfAborted();
    if (LedgerError.hasCode(error, "NOT_FOUND")) return false;
    if (!LedgerError.hasCode(error, "CORRUPT")) {
      findings.add(problemOf(error, marker, ADVICE));
      return true;
    }
    when = DAMAGED;
  }
  const purged = `sealed run ${run} was purged: ${marker} says so, ${when}`;
  if (hasSeal) {
    const message =
      `${purged}. It may have been meant: purgeRun with force does it, and leaves the seal. The seal, what it lists and ` +
      "its signatures were compared, and are there; nothing else of the run counts. If nobody meant it, remove this object, and " +
      "restore the run from a copy of the ledger";
    findings.add({ kind: "removed", key: runPrefix(run), message });
  } else {
    const key = sealKey(run);
    const message =
      `${key} is missing: ${purged}. But purgeRun leaves the seal, so somebody removed more. Restore the seal from ` +
      "a copy of the ledger, and the run if nobody meant to purge it";
    findings.add({ kind: "missing", key, message });
  }
  return true;
}

function timeOf(bytes: Uint8Array, run: string): string {
  let said: { readonly run?: unknown; readonly time?: unknown } | null;
  try {
    said = decodeCheckedJson(bytes) as typeof said;
  } catch {
    return DAMAGED;
  }
  const date = new Date(typeof said?.time === "number" && said.run === run ? said.time : Number.NaN);
  return Number.isNaN(date.getTime()) ? DAMAGED : `purged at ${date.toISOString()}`;
}
