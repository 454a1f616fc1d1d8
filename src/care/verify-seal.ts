import { equalBytes } from "../backend/body.ts";
import { callOptions } from "../backend/call-options.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { utf8Encoder } from "../bytes/utf8.ts";
import { experimentSegment } from "../catalog/catalog-entry.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { runPrefix } from "../journal/run-created.ts";
import { sealedKey, sealKey, signatureKey, signaturesPrefix } from "../journal/sealing.ts";
import { type ChainLink, decodeLink, linkKey, MAX_LINK_BYTES } from "../seal/chain-link.ts";
import { decodeEnvelope, type Envelope } from "../seal/dsse.ts";
import { findAdoptedLink } from "../seal/find-link.ts";
import { decodeRunSeal, MAX_SEAL_BYTES, type RunSeal } from "../seal/run-seal.ts";
import { MAX_LIST_BYTES, readSealedObjects, type SealedObject } from "../seal/sealed-objects.ts";
import { problemOf } from "./findings.ts";
import type { VerifyContext } from "./verify-objects.ts";

const MAX_ENVELOPE_BYTES: number = 2 * MAX_SEAL_BYTES;
/** How many signatures of a run are looked at. */
const MAX_SIGNATURES = 1000;
const ADVICE = "The other runs are not affected. Restore this object from a copy of the ledger";

/** The seal of a run, as far as it could be read. */
export interface StoredSeal {
  /** Absent if it is damaged. */
  readonly seal?: RunSeal | undefined;
  /** What the seal covers. Absent if the list is damaged or missing. */
  readonly objects?: readonly SealedObject[] | undefined;
  readonly signedBy: readonly string[];
  readonly unknownSigners: readonly string[];
  /** Prefixes that the store cannot list. */
  readonly unchecked: readonly string[];
}

/**
 * Reads the seal of a run, its signatures, and the list of what it covers. Adds what is wrong with them. Returns
 * `undefined` if the run has no seal. `withLink`: reads its link, too.
 */
export async function readStoredSeal(
  context: VerifyContext,
  id: string,
  withLink: boolean,
): Promise<StoredSeal | undefined> {
  const key = sealKey(id);
  const bytes = await readOr(context, key, MAX_SEAL_BYTES, "absent");
  if (bytes === undefined) return undefined;
  if (bytes === "wrong") return { signedBy: [], unknownSigners: [], unchecked: [] };
  // Before anything in it is believed.
  const signatures = await checkSignatures(context, id, bytes);
  let seal: RunSeal;
  try {
    seal = decodeRunSeal(bytes, id, key);
  } catch (error) {
    context.findings.add(problemOf(error, key, ADVICE));
    return signatures;
  }
  await findSigners(context, id, seal);
  if (withLink) await checkLink(context, seal);
  return { ...signatures, seal, objects: await readList(context, id, seal) };
}

/** Reads an object and counts it. Returns `wrong` after it added a problem. `absent`: a missing object is no problem. */
async function readOr(
  { backend, findings, signal }: VerifyContext,
  key: string,
  most: number,
  ifMissing: "absent" | "problem",
): Promise<Uint8Array | "wrong" | undefined> {
  try {
    const bytes = await readBounded(backend, key, most, callOptions(signal));
    findings.count(bytes.length);
    return bytes;
  } catch (error) {
    signal?.throwIfAborted();
    if (LedgerError.hasCode(error, "INVALID_ARGUMENT")) throw error; // Of the listener.
    if (ifMissing === "absent" && LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
    findings.add(problemOf(error, key, ADVICE));
    return "wrong";
  }
}

async function checkSignatures(
  context: VerifyContext,
  id: string,
  payload: Uint8Array,
): Promise<Pick<StoredSeal, "signedBy" | "unknownSigners" | "unchecked">> {
  const { findings, keys } = context;
  const signedBy = new Set<string>();
  const unknownSigners = new Set<string>();
  const { found, unchecked } = await signatureKeys(context, id, payload);
  for (const key of found) {
    const bytes = await readOr(context, key, MAX_ENVELOPE_BYTES, "absent");
    if (bytes === undefined || bytes === "wrong") continue;
    const envelope = parseEnvelope(bytes);
    if (envelope === undefined || !equalBytes(envelope.payload, payload)) {
      const message = `${key} is damaged, or signs something else than the seal of run ${id}. ${ADVICE}`;
      findings.add({ kind: envelope === undefined ? "damaged" : "signature", key, message });
      continue;
    }
    for (const signature of envelope.signatures) {
      const { keyId } = signature;
      const check = await keys.check(payload, signature);
      if (check === "right") signedBy.add(keyId);
      else if (check === "unknown") unknownSigners.add(keyId);
      else {
        const message = `${key} is not a signature of the key ${JSON.stringify(keyId)}: it was changed, or made by others`;
        findings.add({ kind: "signature", key, message });
      }
    }
  }
  return { signedBy: [...signedBy], unknownSigners: [...unknownSigners], unchecked };
}

/** Returns the keys of signatures. If the store cannot list, of those that the caller or the seal knows. */
async function signatureKeys(
  { backend, findings, keys, signal }: VerifyContext,
  id: string,
  payload: Uint8Array,
): Promise<{ readonly found: readonly string[]; readonly unchecked: readonly string[] }> {
  const prefix = signaturesPrefix(id);
  const found: string[] = [];
  try {
    for await (const { key } of backend.list(prefix, callOptions(signal))) {
      if (found.push(key) >= MAX_SIGNATURES) break;
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (LedgerError.hasCode(error, "UNSUPPORTED")) {
      const { sha256Hex } = await loadSha256();
      const ids = new Set([...keys.ids, ...signersIn(payload, id)]);
      for (const each of ids) found.push(signatureKey(id, await sha256Hex(utf8Encoder().encode(each))));
      return { found, unchecked: [runPrefix(id)] };
    }
    findings.add(problemOf(error, prefix, ADVICE));
  }
  return { found, unchecked: [] };
}

/** Returns the ids of keys that a seal names, whoever made it. */
function signersIn(payload: Uint8Array, id: string): readonly string[] {
  try {
    return decodeRunSeal(payload, id, sealKey(id)).signers;
  } catch {
    return []; // Its problem is found later.
  }
}

function parseEnvelope(bytes: Uint8Array): Envelope | undefined {
  try {
    return decodeEnvelope(bytes);
  } catch {
    return undefined;
  }
}

/** Adds the signatures that the seal names and that are not there. */
async function findSigners({ backend, findings, signal }: VerifyContext, id: string, seal: RunSeal): Promise<void> {
  const { sha256Hex } = await loadSha256();
  for (const signer of new Set(seal.signers)) {
    const key = signatureKey(id, await sha256Hex(utf8Encoder().encode(signer)));
    try {
      if ((await backend.stat(key, callOptions(signal))) !== undefined) continue;
      const message = `${key} is missing: the seal says that ${JSON.stringify(signer)} has signed it. ${ADVICE}`;
      findings.add({ kind: "missing", key, message });
    } catch (error) {
      signal?.throwIfAborted();
      findings.add(problemOf(error, key, ADVICE));
    }
  }
}

async function checkLink(context: VerifyContext, seal: RunSeal): Promise<void> {
  const { backend, findings, signal } = context;
  const { experiment, link, run } = seal;
  const segment = segmentOf(experiment);
  const key = linkKey(segment, link.n);
  const bytes = await readOr(context, key, MAX_LINK_BYTES, "absent");
  if (bytes === "wrong") return;
  try {
    if (bytes !== undefined && formatDigest(await (await loadSha256()).sha256Hex(bytes)) === link.digest)
      return compareSeal(context, seal, decodeLink(bytes, link.n, key));
    const adopted = await findAdoptedLink(backend, segment, seal, signal);
    if (adopted !== undefined) {
      findings.adopt(run);
      return compareSeal(context, seal, adopted);
    }
  } catch (error) {
    signal?.throwIfAborted();
    return findings.add(problemOf(error, key, ADVICE));
  }
  const named = `the seal of run ${run} names it, and no other link adopts this seal: it`;
  const foreign = "or the seal is of another ledger, and copyRuns did not copy it";
  findings.add(
    bytes === undefined
      ? { kind: "missing", key, message: `${key} is missing. ${named} was removed, ${foreign}. ${ADVICE}` }
      : { kind: "digest", key, message: `${key} has other bytes. ${named} was changed, ${foreign}. ${ADVICE}` },
  );
}

/** Adds a problem if a seal does not say what its link says: of an unsigned seal in the place of a signed one. */
export function compareSeal(
  { findings }: VerifyContext,
  { run, tree, signers }: Pick<RunSeal, "run" | "tree" | "signers">,
  link: ChainLink,
): void {
  const isSame = link.run === run && link.tree.root === tree.root && link.tree.size === tree.size;
  if (isSame && link.signers.length === signers.length && link.signers.every((each, i) => each === signers[i])) return;
  const key = sealKey(run);
  const message = `${key} was changed: its link in the chain says that it had other signers, or another root. ${ADVICE}`;
  findings.add({ kind: "digest", key, message });
}

/** Returns how keys have an experiment. A seal may name one that no key can have. */
export function segmentOf(experiment: string): string {
  try {
    return experimentSegment(experiment);
  } catch {
    return "=";
  }
}

async function readList(
  context: VerifyContext,
  id: string,
  { tree }: RunSeal,
): Promise<readonly SealedObject[] | undefined> {
  const key = sealedKey(id);
  const bytes = await readOr(context, key, MAX_LIST_BYTES, "problem");
  if (bytes === undefined || bytes === "wrong") return undefined;
  let why = "it does not have the root that the seal says";
  try {
    const found = await readSealedObjects(bytes);
    const isSame = found.tree.root === tree.root && found.tree.size === tree.size;
    if (isSame && found.objects.every((object) => isPossible(object, id))) return found.objects;
  } catch (error) {
    why = (error as Error).message;
  }
  context.findings.add({ kind: "digest", key, message: `${key} was changed: ${why}. ${ADVICE}` });
  return undefined;
}

/** Returns whether an object can belong to a run. */
function isPossible({ key }: SealedObject, id: string): boolean {
  return [`${runPrefix(id)}/`, "artifacts/", "blobs/"].some((prefix) => key.startsWith(prefix));
}
