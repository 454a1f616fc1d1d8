import type { CallOptions } from "../backend/backend.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { segmentOf } from "../care/verify-seal.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { readRunBeginning } from "../journal/read-run-beginning.ts";
import { runCreatedKey } from "../journal/run-created.ts";
import type { RunDocument } from "../journal/run-document.ts";
import { sealedKey, sealKey, signaturesPrefix } from "../journal/sealing.ts";
import { decodeLink, linkKey, MAX_LINK_BYTES, MAX_LINK_NUMBER } from "../seal/chain-link.ts";
import { decodeEnvelope } from "../seal/dsse.ts";
import { decodeRunSeal, MAX_SEAL_BYTES } from "../seal/run-seal.ts";
import { MAX_LIST_BYTES, readSealedObjects } from "../seal/sealed-objects.ts";
import { fromSource, refusal } from "./refusal.ts";
import type { RunPlace } from "./run-place.ts";

/** How many links are left to those who seal runs in the target. A hostile source could name the greatest number. */
const FREE_LINKS = 1_000_000;
/** The greatest length of a signature. It has the seal in Base64. */
const MAX_SIGNATURE_BYTES = 2 * MAX_SEAL_BYTES;

/** What the catalogue of the source says of a run. */
type Said = { readonly id: string; readonly experiment: string };

/**
 * Compares the beginning and the newest document of a run in the source with what its catalogue says. Rejects with a
 * refusal if they are of another experiment: the target would enter the run in the wrong place.
 */
export async function checkRun(
  { backend, id, sizes }: RunPlace,
  { experiment }: Said,
  document: RunDocument | undefined,
  call: CallOptions,
): Promise<void> {
  const key = runCreatedKey(id);
  const created = sizes.has(key) ? await fromSource(() => readRunBeginning(backend, id, call)) : undefined;
  for (const found of [created?.experiment, document?.record.experiment])
    if (found !== undefined && found !== experiment)
      throw refusal(`run ${id} is of the experiment ${found}, but was found in ${experiment}`, key);
}

/**
 * Rejects with a refusal unless the seal of a run, its link and its signatures are what the format says, and fit the run.
 * `isWhole`: whether to look at the list of sealed objects and at the signatures, too.
 */
export async function checkSeal(
  { backend, id, sizes, listing }: RunPlace,
  { experiment }: Said,
  isWhole: boolean,
  call: CallOptions,
): Promise<void> {
  const key = sealKey(id);
  const read = async (place: string, most: number): Promise<Uint8Array> =>
    await fromSource(() => readBounded(backend, place, most, call));
  const bytes = await read(key, MAX_SEAL_BYTES);
  const seal = await fromSource(async () => decodeRunSeal(bytes, id, key));
  const { tree, link } = seal;
  if (seal.experiment !== experiment || seal.document !== listing.newestDocument)
    throw refusal(`${key} does not fit run ${id}: it is for another experiment or another state`, key);
  if (link.n > MAX_LINK_NUMBER - FREE_LINKS)
    throw refusal(`${key} names a link with too great a number: hardly one would be left in the target`, key);
  await checkLink(linkKey(segmentOf(experiment), link.n), link.n);
  if (!isWhole) return;
  const list = sealedKey(id);
  const { root, size } = await readOr(list, MAX_LIST_BYTES, async (found) => (await readSealedObjects(found)).tree);
  if (root !== tree.root || size !== tree.size) throw refusal(`${list} is not the list of the seal of run ${id}`, list);
  for (const signature of sizes.keys())
    if (signature.startsWith(`${signaturesPrefix(id)}/`))
      await readOr(signature, MAX_SIGNATURE_BYTES, (found) => decodeEnvelope(found));

  /** The link may be missing, or be that of another run: then the seal came from another ledger. */
  async function checkLink(place: string, n: number): Promise<void> {
    let found: Uint8Array;
    try {
      found = await readBounded(backend, place, MAX_LINK_BYTES, call);
    } catch (error) {
      if (LedgerError.hasCode(error, "NOT_FOUND")) return;
      return void (await fromSource(() => Promise.reject(error)));
    }
    const decoded = await fromSource(async () => decodeLink(found, n, place));
    const isNamed = formatDigest(await (await loadSha256()).sha256Hex(found)) === link.digest;
    if (isNamed && (decoded.run !== id || decoded.experiment !== experiment || decoded.tree.root !== tree.root))
      throw refusal(`${place} is not the link of the seal of run ${id}`, place);
  }

  async function readOr<T>(place: string, most: number, decode: (bytes: Uint8Array) => T): Promise<Awaited<T>> {
    const found = await read(place, most);
    try {
      return await decode(found);
    } catch (cause) {
      throw refusal(`${place} is damaged`, place, cause);
    }
  }
}
