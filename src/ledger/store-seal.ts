import { parseManifestKey, removedMarkerKey } from "../artifacts/manifests.ts";
import type { Backend } from "../backend/backend.ts";
import { equalBytes } from "../backend/body.ts";
import { callOptions } from "../backend/call-options.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { utf8Encoder } from "../bytes/utf8.ts";
import { experimentSegment } from "../catalog/catalog-entry.ts";
import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import type { RecordedVersion } from "../journal/event.ts";
import { storedKind } from "../journal/inventory.ts";
import { type RunCreated, runPrefix } from "../journal/run-created.ts";
import type { RunDocument } from "../journal/run-document.ts";
import { sealedKey, sealKey, signatureKey } from "../journal/sealing.ts";
import { isBytes } from "../platform/any-realm.ts";
import { runObjects } from "../run-objects/run-objects.ts";
import { appendLink } from "../seal/append-link.ts";
import { decodeEnvelope, encodeEnvelope, type Envelope, signedBytes } from "../seal/dsse.ts";
import { encodeRunSeal, MAX_SEAL_BYTES, type RunSeal } from "../seal/run-seal.ts";
import { encodeSealedObjects, MAX_LIST_BYTES, readSealedObjects, type SealedObject } from "../seal/sealed-objects.ts";
import type { Seal } from "../seal/seal.ts";
import { publicKeyOf, type Signer } from "../seal/signer.ts";
import { TrustedKeys } from "../seal/trusted-keys.ts";
import { assertMaySign, readSameSeal } from "./check-seal.ts";

/** The greatest length of a signature, in bytes. */
const MAX_SIGNATURE_BYTES = 1024;
/** The greatest length of an object with a signature: the seal in base64, and the rest. */
const MAX_ENVELOPE_BYTES: number = 2 * MAX_SEAL_BYTES;

/** A run that nobody can change any more, and how to seal it. */
export interface SealInput {
  readonly created: RunCreated;
  /** The last document. */
  readonly document: RunDocument;
  /** Its number. */
  readonly number: number;
  /** When the run is sealed, in ms since the epoch. */
  readonly time: number;
  readonly signer: Signer | undefined;
}

/** Stores the seal of a run and its signature, as far as they are not there. */
export async function storeSeal(backend: Backend, input: SealInput, signal: AbortSignal | undefined): Promise<Seal> {
  const { created, document, number, time, signer } = input;
  const { id } = created;
  const objects = await collect(backend, input, signal);
  const { bytes: list, tree } = await encodeSealedObjects(objects);
  if (!(await createOrMatch(backend, sealedKey(id), list, signal, true))) throw differs(sealedKey(id));
  let bytes = await readSeal(backend, id, signal);
  let signature: Uint8Array | undefined;
  if (bytes === undefined) {
    const signers = signer === undefined ? [] : [signer.keyId];
    const { experiment } = created;
    const link = await appendLink(
      backend,
      experimentSegment(experiment),
      { run: id, experiment, tree, signers },
      signal,
    );
    const { status } = document.record;
    const said = { run: id, experiment, status, document: number, tree, sealedAt: time, signers, link };
    bytes = encodeRunSeal(said);
    // Before the seal is there: a seal that its signer refuses would lack what it says it has.
    signature = signer && (await signatureOf(signer, bytes));
    if (!(await createOrMatch(backend, sealKey(id), bytes, signal, true))) {
      signature = undefined;
      bytes = (await readSeal(backend, id, signal)) ?? bytes;
    }
  }
  const { experiment } = created;
  const { record } = document;
  const seal = readSameSeal(bytes, { run: id, experiment, status: record.status, document: number, tree });
  if (signer !== undefined && signature === undefined)
    await assertMaySign(backend, seal, { record, time, keyId: signer.keyId }, signal);
  if (signer !== undefined)
    await storeSignature(backend, id, bytes, signer, signature ?? (await signatureOf(signer, bytes)), signal);
  return toSeal(seal, signer);
}

function toSeal({ tree: { root, size }, sealedAt, signers }: RunSeal, signer: Signer | undefined): Seal {
  return { root, size, sealedAt, signedBy: [...new Set([...signers, ...(signer ? [signer.keyId] : [])])] };
}

async function readSeal(
  backend: Backend,
  id: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  try {
    return await readBounded(backend, sealKey(id), MAX_SEAL_BYTES, callOptions(signal));
  } catch (error) {
    if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/**
 * Returns what belongs to the run. Throws `CORRUPT` if an object of the run is missing or has another size, and for a
 * run document that is no part of it.
 */
async function collect(
  backend: Backend,
  { created: { id }, number }: SealInput,
  signal: AbortSignal | undefined,
): Promise<readonly SealedObject[]> {
  const call = callOptions(signal);
  const objects: SealedObject[] = [];
  // Whether the run is deleted may change later.
  const known = { document: number, marker: 0 };
  const versions = await sealedVersions(backend, id, signal);
  for await (const { key, size, digest, kind } of await runObjects(backend, id, { known, versions, ...call })) {
    if (kind === "seal" || kind === "lifecycle") continue;
    if (digest === undefined) throw new LedgerError("CORRUPT", `nothing recorded the bytes of ${key}`, { key });
    objects.push({ key, size, digest });
  }
  const below = `${runPrefix(id)}/`;
  const missing = new Map(objects.flatMap(({ key, size }) => (key.startsWith(below) ? [[key, size]] : [])));
  for await (const { key, size } of backend.list(runPrefix(id), call)) {
    const name = key.slice(below.length);
    const kind = storedKind(name);
    const expected = missing.get(key);
    // What a session that is shut out has appended was not acknowledged.
    if (expected !== undefined && (size === expected || (kind === "journal" && size > expected))) missing.delete(key);
    // Readers would take it for the record of the run.
    else if (expected === undefined && kind === "document") throw differs(key);
  }
  for (const key of missing.keys())
    throw new LedgerError("CORRUPT", `${key} is missing or was changed, so run ${id} cannot be sealed`, { key });
  return objects;
}

/**
 * Returns a function that says which versions a seal covers: those that were not removed. If an earlier call has stored
 * the list of what is sealed, also those in the list.
 */
async function sealedVersions(
  backend: Backend,
  id: string,
  signal: AbortSignal | undefined,
): Promise<(version: RecordedVersion) => Promise<boolean>> {
  const call = callOptions(signal);
  const stored = await readBounded(backend, sealedKey(id), MAX_LIST_BYTES, call).catch((error: unknown) => {
    if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  });
  // A list that is damaged differs from any other, so storing it fails.
  const listed = stored && (await readSealedObjects(stored).catch(() => undefined));
  const keys = listed && new Set(listed.objects.map(({ key }) => key));
  return async ({ name, manifest: { key } }) => {
    // One that the list lacks, and that was not removed, is one more: then the list is not that of this run.
    if (keys?.has(key) === true) return true;
    const place = parseManifestKey(name, key);
    return place === undefined || (await backend.stat(removedMarkerKey(name, place), call)) === undefined;
  };
}

async function signatureOf(signer: Signer, bytes: Uint8Array): Promise<Uint8Array> {
  const made: unknown = await signer.sign(signedBytes(bytes));
  const isRight = isBytes(made) && made.length > 0 && made.length <= MAX_SIGNATURE_BYTES;
  if (!isRight) throw invalidArgument("the result of signer.sign", "a Uint8Array", made);
  return made;
}

/** Stores a signature unless it is there. Rejects with `CONFLICT` if another key has signed under its id. */
async function storeSignature(
  backend: Backend,
  id: string,
  payload: Uint8Array,
  signer: Signer,
  signature: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { keyId } = signer;
  const { sha256Hex } = await loadSha256();
  const key = signatureKey(id, await sha256Hex(utf8Encoder().encode(keyId)));
  if (await createOrMatch(backend, key, encodeEnvelope(payload, { keyId, signature }), signal, true)) return;
  const stored = await readBounded(backend, key, MAX_ENVELOPE_BYTES, callOptions(signal));
  let found: Envelope;
  try {
    found = decodeEnvelope(stored);
  } catch (cause) {
    throw new LedgerError("CORRUPT", `${key} is damaged`, { key, cause });
  }
  const own = found.signatures.filter((each) => each.keyId === keyId);
  if (!equalBytes(found.payload, payload) || own.length === 0) throw differs(key);
  // Each signature of ECDSA has other bytes, and on some platforms each one of Ed25519: only the public key tells.
  const known = publicKeyOf(signer);
  if (known === undefined) return;
  const keys = await TrustedKeys.read([known]);
  for (const each of own) if ((await keys.check(payload, each)) === "right") return;
  const message =
    `signer.keyId ${JSON.stringify(keyId)} is taken: another key has signed the seal of run ${id} under this id, ` +
    "or its signature was changed. Give the new key an id of its own. The stored signature stays";
  throw new LedgerError("CONFLICT", message, { field: "signer.keyId", key });
}

function differs(key: string): LedgerError {
  const message = `${key} does not fit what the run recorded: somebody has changed one of them. verify() says more`;
  return new LedgerError("CORRUPT", message, { key });
}
