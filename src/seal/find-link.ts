import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { concernsOneObject, LedgerError } from "../errors/ledger-error.ts";
import { mapBounded } from "../platform/bounded.ts";
import { type ChainLink, decodeLink, linkKey, MAX_LINK_BYTES, MAX_LINK_NUMBER } from "./chain-link.ts";
import type { RunSeal } from "./run-seal.ts";

/** How many links are read at a time. A chain ends where this many are missing. */
const LINKS_AT_ONCE = 16;

/** Returns whether a link names a seal. `digest`: that of the link. */
export function namesSeal(link: ChainLink, digest: string, { run, link: own }: Pick<RunSeal, "run" | "link">): boolean {
  const { n, digest: named } = link.original ?? { n: link.n, digest };
  return link.run === run && n === own.n && named === own.digest;
}

/** Returns whether a chain has the link that a seal names. */
export async function hasOriginalLink(
  backend: Backend,
  segment: string,
  { link: { n, digest } }: Pick<RunSeal, "link">,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const bytes = await readLink(backend, linkKey(segment, n), signal);
  return bytes !== undefined && formatDigest(await (await loadSha256()).sha256Hex(bytes)) === digest;
}

/**
 * Returns the link of a chain that adopts a seal of another ledger, or `undefined`. Reads the chain from its first link,
 * because stores that cannot list have chains, too. Leaves out links that are damaged.
 */
export async function findAdoptedLink(
  backend: Backend,
  segment: string,
  seal: Pick<RunSeal, "run" | "link">,
  signal: AbortSignal | undefined,
): Promise<ChainLink | undefined> {
  for (let first = 1; first <= MAX_LINK_NUMBER - LINKS_AT_ONCE; first += LINKS_AT_ONCE) {
    const numbers = Array.from({ length: LINKS_AT_ONCE }, (_, i) => first + i);
    const read = await mapBounded(numbers, LINKS_AT_ONCE, signal, async (n, stop) => {
      const bytes = await readLink(backend, linkKey(segment, n), stop);
      return bytes && { n, bytes };
    });
    const found = read.filter((each) => each !== undefined);
    if (found.length === 0) return undefined;
    for (const { n, bytes } of found) {
      const link = decodeOr(bytes, n, linkKey(segment, n));
      if (link?.original !== undefined && namesSeal(link, "", seal)) return link;
    }
  }
  return undefined;
}

async function readLink(
  backend: Backend,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  try {
    return await readBounded(backend, key, MAX_LINK_BYTES, callOptions(signal));
  } catch (error) {
    if (concernsOneObject(error)) return undefined;
    throw error;
  }
}

function decodeOr(bytes: Uint8Array, n: number, key: string): ChainLink | undefined {
  try {
    return decodeLink(bytes, n, key);
  } catch (error) {
    if (LedgerError.is(error)) return undefined;
    throw error;
  }
}
