import { decodeCheckedJson, encodeCheckedJson, laterVersion } from "../bytes/checked-json.ts";
import { isSha256Hex, parseDigest } from "../bytes/digest.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { isKeyId } from "./key-id.ts";
import { isCount, isListOf, linkOf, membersOf, type SealLink } from "./run-seal.ts";
import type { SealedTree } from "./sealed-objects.ts";

/** The prefix of all chains. */
export const CHAINS_PREFIX = "seals";
/** The greatest length of a link, in bytes. */
export const MAX_LINK_BYTES: number = 64 * 1024;
/** The greatest number of a link. */
export const MAX_LINK_NUMBER = 99_999_999;
const DIGITS = 8;
const KEY = /^seals\/([^/]+)\/(\d{8})\.json$/;

/** A link of the chain of seals of an experiment. */
export interface ChainLink {
  /** Counts the links of the chain from 1. */
  readonly n: number;
  /** The digest of link `n - 1`. Absent in the first one. */
  readonly previous?: string | undefined;
  readonly run: string;
  readonly experiment: string;
  readonly tree: SealedTree;
  /** The ids of the keys with which the seal was to be signed at once. */
  readonly signers: readonly string[];
  /** The link in the chain of another ledger that the seal names, if the run was copied from there. */
  readonly original?: SealLink | undefined;
}

/** Returns the prefix of a chain. `segment`: the experiment, as keys have it. */
export function chainPrefix(segment: string): string {
  return `${CHAINS_PREFIX}/${segment}`;
}

/** Returns the key of link `n`. Its digits count down, so that a listing begins with the newest link. */
export function linkKey(segment: string, n: number): string {
  return `${chainPrefix(segment)}/${String(MAX_LINK_NUMBER - n).padStart(DIGITS, "0")}.json`;
}

/** Returns what is in a key of {@link linkKey}, or `undefined` for any other key. */
export function parseLinkKey(key: string): { readonly segment: string; readonly n: number } | undefined {
  const [, segment, down] = KEY.exec(key) ?? [];
  const n = MAX_LINK_NUMBER - Number(down);
  return segment !== undefined && n > 0 ? { segment, n } : undefined;
}

/** Returns the bytes of a link. */
export function encodeLink({ n, previous, run, experiment, tree, signers, original }: ChainLink): Uint8Array {
  const { root, size } = tree;
  return encodeCheckedJson(
    {
      v: 1,
      n,
      ...(previous !== undefined && { previous }),
      run,
      experiment,
      root,
      size,
      signers,
      ...(original && { original }),
    },
    "link",
  );
}

/** Returns what a link says. Throws `CORRUPT` for anything else, also for a link with another number. */
export function decodeLink(bytes: Uint8Array, n: number, key: string): ChainLink {
  let link: unknown;
  let cause: unknown;
  try {
    link = decodeCheckedJson(bytes);
  } catch (error) {
    cause = error;
  }
  if (laterVersion(link) !== undefined)
    throw new LedgerError("FORMAT_TOO_NEW", `${key} is of a later version of this library`, { key });
  const { v, n: number, previous, run, experiment, root, size, signers, original: given } = membersOf(link);
  const original = linkOf(given);
  const isLinked =
    n === 1 ? previous === undefined : typeof previous === "string" && parseDigest(previous) !== undefined;
  if (
    v === 1 &&
    number === n &&
    isLinked &&
    typeof run === "string" &&
    typeof experiment === "string" &&
    typeof root === "string" &&
    isSha256Hex(root) &&
    isCount(size) &&
    isListOf(signers, isKeyId) &&
    (given === undefined || original !== undefined)
  ) {
    const before = n === 1 ? {} : { previous: previous as string };
    return { n, ...before, run, experiment, tree: { root, size }, signers, ...(original && { original }) };
  }
  throw new LedgerError("CORRUPT", `${key} is damaged or belongs elsewhere`, { key, cause });
}
