import { decodeCheckedJson, encodeCheckedJson, laterVersion } from "../bytes/checked-json.ts";
import { isSha256Hex, parseDigest } from "../bytes/digest.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { isKeyId } from "./key-id.ts";
import type { SealedTree } from "./sealed-objects.ts";

/** The greatest length of a seal, in bytes. */
export const MAX_SEAL_BYTES: number = 64 * 1024;
const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE = "urn:runledger:run-seal:v1";
const TREE = "rfc9162-sha256";
const LEAF = "json[key,size,sha256hex]";
/** The most ids of keys in a seal or a link. Writers store at most one. */
const MAX_SIGNERS = 16;
/** The most UTF-16 code units of an experiment or a status. */
const MAX_TEXT = 1024;

/** The link of a seal in the chain of its experiment. */
export interface SealLink {
  readonly n: number;
  /** The digest of the link. */
  readonly digest: string;
}

/** What the seal of a run says. */
export interface RunSeal {
  readonly run: string;
  readonly experiment: string;
  readonly status: string;
  /** The number of the run document that the seal covers. */
  readonly document: number;
  readonly tree: SealedTree;
  /** In ms since the epoch. */
  readonly sealedAt: number;
  /** The ids of the keys with which the seal was to be signed at once. */
  readonly signers: readonly string[];
  readonly link: SealLink;
}

/** Returns the bytes of a seal: an in-toto statement. Throws `TOO_LARGE` for one beyond {@link MAX_SEAL_BYTES}. */
export function encodeRunSeal(seal: RunSeal): Uint8Array {
  const { run, experiment, status, document, tree, sealedAt, signers, link } = seal;
  const bytes = encodeCheckedJson(
    {
      _type: STATEMENT_TYPE,
      subject: [{ name: `runs/${run}`, digest: { sha256: tree.root } }],
      predicateType: PREDICATE_TYPE,
      predicate: {
        v: 1,
        run,
        experiment,
        status,
        document,
        sealedAt: new Date(sealedAt).toISOString(),
        tree: { algorithm: TREE, leaf: LEAF, size: tree.size },
        signers,
        link,
      },
    },
    "seal",
  );
  if (bytes.length <= MAX_SEAL_BYTES && signers.length <= MAX_SIGNERS) return bytes;
  throw new LedgerError("TOO_LARGE", `the seal of run ${run} has more than ${MAX_SEAL_BYTES} bytes`);
}

/** Returns what a seal says. Throws `CORRUPT` for anything else, also for the seal of another run. */
export function decodeRunSeal(bytes: Uint8Array, runId: string, key: string): RunSeal {
  let statement: unknown;
  let cause: unknown;
  try {
    statement = decodeCheckedJson(bytes);
  } catch (error) {
    cause = error;
  }
  const { _type, subject, predicateType, predicate } = membersOf(statement);
  const said = membersOf(predicate);
  if (_type === STATEMENT_TYPE && predicateType === PREDICATE_TYPE && laterVersion(said) !== undefined)
    throw new LedgerError("FORMAT_TOO_NEW", `${key} is of a later version of this library`, { key });
  const [only, ...more] = Array.isArray(subject) ? (subject as unknown[]) : [];
  const { name, digest } = membersOf(only);
  const { sha256: root } = membersOf(digest);
  const tree = membersOf(said["tree"]);
  const link = linkOf(said["link"]);
  const { run, experiment, status, document, sealedAt, signers } = said;
  const time = typeof sealedAt === "string" ? Date.parse(sealedAt) : Number.NaN;
  if (
    _type === STATEMENT_TYPE &&
    predicateType === PREDICATE_TYPE &&
    more.length === 0 &&
    said["v"] === 1 &&
    run === runId &&
    name === `runs/${runId}` &&
    typeof root === "string" &&
    isSha256Hex(root) &&
    tree["algorithm"] === TREE &&
    tree["leaf"] === LEAF &&
    isCount(tree["size"]) &&
    isShortText(experiment) &&
    isShortText(status) &&
    isCount(document) &&
    Number.isFinite(time) &&
    isListOf(signers, isKeyId) &&
    link !== undefined
  ) {
    const size = tree["size"];
    return { run, experiment, status, document, tree: { root, size }, sealedAt: time, signers, link };
  }
  throw new LedgerError("CORRUPT", `${key} is damaged or the seal of another run`, { key, cause });
}

/** No key has a longer name of an experiment. A verification of a ledger keeps what each seal says. */
function isShortText(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_TEXT;
}

/** Returns the number and the digest of a stored link, or `undefined` for anything else. */
export function linkOf(value: unknown): SealLink | undefined {
  const { n, digest } = membersOf(value);
  const isLink = isCount(n) && n > 0 && typeof digest === "string" && parseDigest(digest) !== undefined;
  return isLink ? { n, digest } : undefined;
}

/** Returns the members of a stored object, or none of anything else. Reads no member of a prototype. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return Object.assign(Object.create(null) as Record<string, unknown>, isObject ? value : {});
}

/** Returns whether a value is a safe integer from 0. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Returns whether a value is a short enough list whose items all are of one kind. */
export function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.length <= MAX_SIGNERS && value.every(isItem);
}
