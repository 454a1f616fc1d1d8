import type { Backend } from "../backend/backend.ts";
import { equalBytes } from "../backend/body.ts";
import { callOptions } from "../backend/call-options.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { noNumberAfter } from "../errors/no-number-after.ts";
import {
  type ChainLink,
  chainPrefix,
  decodeLink,
  encodeLink,
  linkKey,
  MAX_LINK_BYTES,
  MAX_LINK_NUMBER,
  parseLinkKey,
} from "./chain-link.ts";
import type { SealLink } from "./run-seal.ts";

const TRIES = 100;

/**
 * Adds a link to the end of a chain, unless its last link says the same: then an earlier call has added that. Returns the
 * number and the digest of the link. Rejects with `CONFLICT` if others add links all the time. `segment`: the
 * experiment, as keys have it. `onStored` gets the size of a link that was added.
 */
export async function appendLink(
  backend: Backend,
  segment: string,
  base: Omit<ChainLink, "n" | "previous">,
  signal: AbortSignal | undefined,
  onStored?: (bytes: number) => void,
): Promise<SealLink> {
  const { sha256Hex } = await loadSha256();
  const digestOf = async (bytes: Uint8Array): Promise<string> => formatDigest(await sha256Hex(bytes));
  for (let left = TRIES; left > 0; left--) {
    const head = await chainHead(backend, segment, signal);
    const n = (head?.n ?? 0) + 1;
    if (n > MAX_LINK_NUMBER) throw noNumberAfter(linkKey(segment, MAX_LINK_NUMBER));
    const before = head && (await readBounded(backend, head.key, MAX_LINK_BYTES, callOptions(signal)));
    // A call that was interrupted may have added it.
    if (head && before && isLinkOf(before, head, base, await linkDigest(backend, segment, head.n - 1, signal)))
      return { n: head.n, digest: await digestOf(before) };
    const link = encodeLink({ n, ...(before && { previous: await digestOf(before) }), ...base });
    if (!(await createOrMatch(backend, linkKey(segment, n), link, signal, true))) continue;
    onStored?.(link.length);
    return { n, digest: await digestOf(link) };
  }
  throw new LedgerError("CONFLICT", `others sealed runs of the same experiment ${TRIES} times`, { transient: true });
}

function isLinkOf(
  bytes: Uint8Array,
  { key, n }: { readonly key: string; readonly n: number },
  base: Omit<ChainLink, "n" | "previous">,
  previous: string | undefined,
): boolean {
  try {
    decodeLink(bytes, n, key);
    return equalBytes(encodeLink({ n, previous, ...base }), bytes);
  } catch {
    // The next link tells its digest whatever it contains.
    return false;
  }
}

/** Returns the digest of a link, `undefined` if there is none with this number. */
async function linkDigest(
  backend: Backend,
  segment: string,
  n: number,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (n === 0) return undefined;
  try {
    const bytes = await readBounded(backend, linkKey(segment, n), MAX_LINK_BYTES, callOptions(signal));
    return formatDigest(await (await loadSha256()).sha256Hex(bytes));
  } catch (error) {
    if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

async function chainHead(
  backend: Backend,
  segment: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly key: string; readonly n: number } | undefined> {
  for await (const { key } of backend.list(chainPrefix(segment), { pageSize: 10, ...callOptions(signal) })) {
    const link = parseLinkKey(key);
    if (link !== undefined) return { key, n: link.n };
  }
  return undefined;
}
