import type { Backend } from "../backend/backend.ts";
import { equalBytes } from "../backend/body.ts";
import { callOptions } from "../backend/call-options.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { utf8Encoder } from "../bytes/utf8.ts";
import { experimentSegment } from "../catalog/catalog-entry.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { sealKey, signatureKey } from "../journal/sealing.ts";
import { decodeLink, linkKey, MAX_LINK_BYTES } from "../seal/chain-link.ts";
import { decodeRunSeal, encodeRunSeal, type RunSeal } from "../seal/run-seal.ts";

/** How far the clocks of those that finish, seal and sign a run may be apart, in ms. */
const CLOCKS_APART_MS: number = 24 * 60 * 60 * 1000;

/** Members of a seal that follow from the run. */
export type ComputedSeal = Pick<RunSeal, "run" | "experiment" | "status" | "document" | "tree">;

/** What a stored seal is compared with before it is signed. */
export interface SigningInput {
  readonly record: Pick<RunRecord, "endTime">;
  /** The present, in ms since the epoch. */
  readonly time: number;
  /** The id of the key that is to sign. */
  readonly keyId: string;
}

/** Returns what a stored seal says. Throws `CORRUPT` if a member is not what follows from the run. */
export function readSameSeal(bytes: Uint8Array, computed: ComputedSeal): RunSeal {
  const { run } = computed;
  const key = sealKey(run);
  const seal = decodeRunSeal(bytes, run, key);
  const members: readonly (readonly [name: string, stored: unknown, computed: unknown])[] = [
    ["experiment", seal.experiment, computed.experiment],
    ["status", seal.status, computed.status],
    ["document", seal.document, computed.document],
    ["tree.size", seal.tree.size, computed.tree.size],
    ["the root", seal.tree.root, computed.tree.root],
  ];
  for (const [name, stored, right] of members)
    if (stored !== right)
      throw wrong(key, name, `it says ${JSON.stringify(stored)}, but the run says ${JSON.stringify(right)}`);
  // A signature would cover whatever else is in it.
  if (!equalBytes(encodeRunSeal(seal), bytes)) throw wrong(key, "another member", "a seal has no such member");
  return seal;
}

/**
 * Checks what does not follow from the run alone, before a key signs a stored seal. Throws `CORRUPT` or `CONFLICT`,
 * naming the member: for a seal that does not say what its link says, for one that names a signer whose signature is
 * missing, and for a time before the end of the run or after the present.
 */
export async function assertMaySign(
  backend: Backend,
  seal: RunSeal,
  { record, time, keyId }: SigningInput,
  signal: AbortSignal | undefined,
): Promise<void> {
  const key = sealKey(seal.run);
  const { sealedAt } = seal;
  if (sealedAt < (record.endTime ?? 0) - CLOCKS_APART_MS || sealedAt > time + CLOCKS_APART_MS) {
    const when = new Date(sealedAt).toISOString();
    throw wrong(key, "sealedAt", `${when} is before the run ended or after the present, by more than a day`);
  }
  await assertLinked(backend, seal, signal);
  const { sha256Hex } = await loadSha256();
  for (const each of seal.signers) {
    if (each === keyId) continue;
    const place = signatureKey(seal.run, await sha256Hex(utf8Encoder().encode(each)));
    if ((await backend.stat(place, callOptions(signal))) !== undefined) continue;
    throw wrong(key, "signers", `it says that ${JSON.stringify(each)} has signed it, but ${place} is missing`);
  }
}

async function assertLinked(backend: Backend, seal: RunSeal, signal: AbortSignal | undefined): Promise<void> {
  const { run, experiment, tree, signers, link } = seal;
  const key = linkKey(experimentSegment(experiment), link.n);
  let bytes: Uint8Array;
  try {
    bytes = await readBounded(backend, key, MAX_LINK_BYTES, callOptions(signal));
  } catch (error) {
    if (!LedgerError.hasCode(error, "NOT_FOUND")) throw error;
    throw notLinked(run, key);
  }
  const { sha256Hex } = await loadSha256();
  if (formatDigest(await sha256Hex(bytes)) !== link.digest) throw notLinked(run, key);
  const found = decodeLink(bytes, link.n, key);
  const isSame =
    found.run === run &&
    found.experiment === experiment &&
    found.tree.root === tree.root &&
    found.tree.size === tree.size &&
    found.signers.length === signers.length &&
    found.signers.every((each, i) => each === signers[i]);
  if (!isSame) throw wrong(sealKey(run), "link", `${key} says something else than the seal`);
}

function notLinked(run: string, key: string): LedgerError {
  const message =
    `the seal of run ${run} cannot be signed: ${key}, its link in the chain of seals, is missing or another one. ` +
    "If the run was copied from another ledger, sign it there. Otherwise verify() says more";
  return new LedgerError("CONFLICT", message, { key, field: "link" });
}

function wrong(key: string, member: string, why: string): LedgerError {
  const message = `${key} was changed, so it is not signed: ${member} is wrong: ${why}. verify() says more`;
  return new LedgerError("CORRUPT", message, { key, field: member });
}
