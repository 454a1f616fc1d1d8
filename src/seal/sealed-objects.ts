import { assertKey } from "../backend/key.ts";
import { formatDigest, isSha256Hex, parseDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { utf8Decoder, utf8Encoder } from "../bytes/utf8.ts";
import { compareUtf8 } from "../bytes/utf8-order.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import { MerkleTree } from "./merkle-tree.ts";

/** The greatest length of the list of the sealed objects of a run, in bytes. */
export const MAX_LIST_BYTES: number = 64 * 1024 * 1024;
/** The greatest length of a line of that list, in bytes. A key has at most 1024. */
const MAX_LINE_BYTES = 8 * 1024;
const NEWLINE = 0x0a;

/** An object that a seal covers. */
export interface SealedObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** `sha256:<hex>` */
  readonly digest: string;
}

/** The root of the tree over all sealed objects of a run. */
export interface SealedTree {
  /** 64 hex digits. */
  readonly root: string;
  /** The number of objects. */
  readonly size: number;
}

/**
 * Returns the list of sealed objects: a line for each, in the order of the UTF-8 of the keys. A line is a leaf of the
 * tree. Objects that are given twice are listed once. Throws `TOO_LARGE` for a list beyond {@link MAX_LIST_BYTES}.
 */
export async function encodeSealedObjects(
  objects: Iterable<SealedObject>,
): Promise<{ readonly bytes: Uint8Array; readonly tree: SealedTree }> {
  const byKey = new Map<string, SealedObject>();
  for (const each of objects) {
    const before = byKey.get(each.key);
    if (before !== undefined && (before.size !== each.size || before.digest !== each.digest)) {
      const { key } = each;
      throw new LedgerError("CORRUPT", `what the run recorded about ${key} contradicts itself`, { key });
    }
    byKey.set(each.key, each);
  }
  const lines = [...byKey.values()].sort((a, b) => compareUtf8(a.key, b.key)).map(lineOf);
  const bytes = utf8Encoder().encode(lines.join(""));
  if (bytes.length > MAX_LIST_BYTES)
    throw new LedgerError("TOO_LARGE", `the run has too many objects for a seal: ${byKey.size}`);
  return { bytes, tree: (await readSealedObjects(bytes)).tree };
}

function lineOf({ key, size, digest }: SealedObject): string {
  return `${JSON.stringify([key, size, parseDigest(digest)])}\n`;
}

/**
 * Returns the objects of a list and the root of their tree. Throws a RangeError for a list that
 * {@link encodeSealedObjects} does not make: with another order, a repeated key, another way of writing a line.
 */
export async function readSealedObjects(
  bytes: Uint8Array,
): Promise<{ readonly objects: SealedObject[]; readonly tree: SealedTree }> {
  const decoder = utf8Decoder({ fatal: true });
  const tree = new MerkleTree(await loadSha256());
  const objects: SealedObject[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, from);
    if (end < 0 || end - from > MAX_LINE_BYTES) throw new RangeError("a line does not end");
    const leaf = bytes.subarray(from, end);
    const object = parseLine(decoder.decode(leaf));
    const before = objects.at(-1);
    if (before !== undefined && compareUtf8(before.key, object.key) >= 0) throw new RangeError("the order is wrong");
    tree.add(leaf);
    objects.push(object);
    from = end + 1;
    const pause = breakIfDue();
    if (pause) await pause;
  }
  return { objects, tree: { root: tree.root(), size: tree.size } };
}

function parseLine(line: string): SealedObject {
  const parsed: unknown = JSON.parse(line);
  if (!Array.isArray(parsed) || parsed.length !== 3) throw new RangeError("a line is not a list of three values");
  const [key, size, hex] = parsed as unknown[];
  if (typeof key !== "string" || typeof hex !== "string" || !isSha256Hex(hex)) throw new RangeError("a line is wrong");
  if (!Number.isSafeInteger(size) || (size as number) < 0) throw new RangeError("a size is wrong");
  assertKey(key);
  const object = { key, size: size as number, digest: formatDigest(hex) };
  // Of two ways to write a line, one would give another root.
  if (lineOf(object) !== `${line}\n`) throw new RangeError("a line is written in another way");
  return object;
}
