import { callOptions } from "../backend/call-options.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { sealKey } from "../journal/sealing.ts";
import { ID_PATTERN } from "../journal/run-id.ts";
import {
  CHAINS_PREFIX,
  type ChainLink,
  decodeLink,
  linkKey,
  MAX_LINK_BYTES,
  parseLinkKey,
} from "../seal/chain-link.ts";
import { namesSeal } from "../seal/find-link.ts";
import { decodeRunSeal, MAX_SEAL_BYTES, type RunSeal } from "../seal/run-seal.ts";
import { problemOf } from "./findings.ts";
import type { VerifyContext } from "./verify-objects.ts";
import { findPurge } from "./verify-removals.ts";
import { compareSeal, segmentOf } from "./verify-seal.ts";

const ADVICE = "The runs are not affected. Restore this object from a copy of the ledger";

/** What the seal of a run says of its chain. */
export type ChainedSeal = Pick<RunSeal, "run" | "experiment" | "link" | "tree" | "signers">;

/** What is known of the seals. */
interface Known {
  /** The seals for which no link was found yet, by run. */
  readonly unlinked: Map<string, ChainedSeal>;
  /** The runs of which a link adopts the seal. */
  readonly adopted: Set<string>;
  /** The runs of which the chain has the link that the seal names. */
  readonly originals: Set<string>;
}

/** A link that was read, and what the link after it must find. */
interface Place {
  readonly segment: string;
  readonly n: number;
  /** The digest that the link says its predecessor has. Absent if the link is damaged. */
  readonly previous?: string | undefined;
}

/**
 * Verifies the chains of all experiments: no link is missing, each has the digest that the next one says, and each run
 * in a chain still has its seal. `seals`: those of the runs that are stored, of which each must be in its chain.
 */
export async function verifyChains(context: VerifyContext, seals: ReadonlyMap<string, ChainedSeal>): Promise<void> {
  const { backend, findings, signal } = context;
  const known: Known = { unlinked: new Map(seals), adopted: new Set(), originals: new Set() };
  let after: Place | undefined;
  try {
    for await (const { key } of backend.list(CHAINS_PREFIX, callOptions(signal))) {
      const place = parseLinkKey(key);
      if (place === undefined) continue;
      if (after?.segment !== place.segment) lacks(context, after, 0);
      else lacks(context, after, place.n);
      const { link, digest } = await readLink(context, key, place.n);
      if (after?.segment === place.segment && after.n === place.n + 1 && digest !== undefined)
        compareLinks(context, key, after, digest);
      if (link !== undefined && digest !== undefined)
        await checkRun(context, { key, link, digest, segment: place.segment }, known, seals);
      after = { ...place, previous: link?.previous };
    }
    lacks(context, after, 0);
  } catch (error) {
    signal?.throwIfAborted();
    if (LedgerError.hasCode(error, "UNSUPPORTED")) return;
    findings.add(problemOf(error, CHAINS_PREFIX, ADVICE));
    return;
  }
  for (const run of known.adopted) if (!known.originals.has(run)) findings.adopt(run);
  for (const [run, { experiment, link }] of known.unlinked) {
    const key = linkKey(segmentOf(experiment), link.n);
    const message =
      `${key} is missing or was changed: the seal of run ${run} names it, and no other link adopts this seal. ` +
      `Or the seal is of another ledger, and copyRuns did not copy it. ${ADVICE}`;
    findings.add({ kind: "missing", key, message });
  }
}

/** Adds a problem if links between two numbers are missing. */
function lacks({ findings }: VerifyContext, after: Place | undefined, n: number): void {
  if (after === undefined || after.n === n + 1) return;
  const key = linkKey(after.segment, after.n - 1);
  const message = `${key} is missing: the next link of the chain of seals names it. ${ADVICE}`;
  findings.add({ kind: "missing", key, message });
}

function compareLinks({ findings }: VerifyContext, key: string, after: Place, digest: string): void {
  if (after.previous === undefined || after.previous === digest) return;
  const message = `${key} was changed: the next link of the chain says that it had other bytes. ${ADVICE}`;
  findings.add({ kind: "digest", key, message });
}

async function readLink(
  { backend, findings, signal }: VerifyContext,
  key: string,
  n: number,
): Promise<{ readonly link?: ChainLink; readonly digest?: string }> {
  let digest: string | undefined;
  try {
    const bytes = await readBounded(backend, key, MAX_LINK_BYTES, callOptions(signal));
    findings.count(bytes.length);
    const { sha256Hex } = await loadSha256();
    digest = formatDigest(await sha256Hex(bytes));
    return { digest, link: decodeLink(bytes, n, key) };
  } catch (error) {
    signal?.throwIfAborted();
    if (LedgerError.hasCode(error, "INVALID_ARGUMENT")) throw error; // Of the listener.
    findings.add(problemOf(error, key, ADVICE));
    return digest === undefined ? {} : { digest };
  }
}

/** Compares a link with the seal of its run. */
async function checkRun(
  context: VerifyContext,
  found: { readonly key: string; readonly link: ChainLink; readonly digest: string; readonly segment: string },
  known: Known,
  seals: ReadonlyMap<string, ChainedSeal>,
): Promise<void> {
  const { key, link, digest, segment } = found;
  const { unlinked, adopted, originals } = known;
  const { run, tree } = link;
  const listed = seals.get(run);
  const seal = listed ?? (await readAlone(context, run));
  const isPurged = listed === undefined && ID_PATTERN.test(run) && (await findPurge(context, run, seal !== undefined));
  if (seal === undefined) {
    if (isPurged) return;
    const message = `${sealKey(run)} is missing: run ${run} is in the chain of seals of its experiment. Restore the run`;
    const advice = "If seal() or copyRuns() was interrupted, call it again";
    context.findings.add({ kind: "missing", key: sealKey(run), message: `${message} from a copy. ${advice}` });
    return;
  }
  if (seal.tree.root !== tree.root || seal.tree.size !== tree.size || segmentOf(link.experiment) !== segment) {
    const message = `${key} says that run ${run} was sealed with another root`;
    context.findings.add({ kind: "digest", key, message });
    return;
  }
  if (!namesSeal(link, digest, { run, link: seal.link }) || segmentOf(seal.experiment) !== segment) return;
  if (link.original === undefined) originals.add(run);
  else adopted.add(run);
  unlinked.delete(run);
  compareSeal(context, seal, link);
}

/** Reads a seal of a run that is not listed: a purged run leaves its seal. */
async function readAlone({ backend, signal }: VerifyContext, run: string): Promise<ChainedSeal | undefined> {
  if (!ID_PATTERN.test(run)) return undefined;
  try {
    const bytes = await readBounded(backend, sealKey(run), MAX_SEAL_BYTES, callOptions(signal));
    return decodeRunSeal(bytes, run, sealKey(run));
  } catch (error) {
    signal?.throwIfAborted();
    if (LedgerError.hasCode(error, "NOT_FOUND") || LedgerError.hasCode(error, "CORRUPT")) return undefined;
    throw error;
  }
}
