import { utf8Encoder } from "../backend/utf8.ts";
import { loadSha256 } from "./sha256/load.ts";

const HEX = /^[0-9a-f]{64}$/;

/** True for the 64 lower-case hex digits of a SHA-256. */
export function isSha256Hex(text: string): boolean {
  return HEX.test(text);
}

/** A digest as people and manifests see it: `sha256:<64 hex digits>`. */
export function formatDigest(hex: string): string {
  return `sha256:${hex}`;
}

/** Returns the hex digits of `sha256:<hex>`, or `undefined` for any other text. */
export function parseDigest(text: string): string | undefined {
  const hex = text.startsWith("sha256:") ? text.slice(7) : "";
  return HEX.test(hex) ? hex : undefined;
}

/** One file as the listing of a directory sees it. `hex` is the SHA-256 of the content. */
export interface ListedFile {
  readonly path: string;
  readonly size: number;
  readonly hex: string;
}

/**
 * The digest of a directory: SHA-256 over one line for each file, `JSON.stringify([path, size, hex])` and a newline, in UTF-8.
 * `files` are in the order of {@link comparePaths}. An empty directory has the digest of no bytes.
 */
export async function listingDigest(files: readonly ListedFile[]): Promise<string> {
  const { createSha256 } = await loadSha256();
  const hash = createSha256();
  const encoder = utf8Encoder();
  for (const { path, size, hex } of files) hash.update(encoder.encode(`${JSON.stringify([path, size, hex])}\n`));
  return hash.digestHex();
}

/** Orders well-formed strings by their UTF-8 bytes, which is by code points and not by JavaScript's code units. */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above every other code unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
