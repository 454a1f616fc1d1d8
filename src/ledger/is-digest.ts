import { isVersionTag } from "../artifacts/name.ts";

/** An algorithm and a value, as in `sha256:…` and the `sha256-…` of web pages. */
const OF_ALGORITHM = /^(?:table-)?(?:sha|md|blake|crc|xxh|etag|git)[\w.]*[:-]./i;
/** A name or an algorithm, and hex digits: a commit, an ETag. */
const HEX = /^(?:[\w.+-]+:)?"?(?=[0-9a-f-]*[0-9])[0-9a-f][0-9a-f-]{6,}"?$/i;

/** Returns whether a text is a digest rather than `name:v3`, `name:best` or `name@sha256:…`. */
export function isDigest(text: string): boolean {
  const isTag = isVersionTag(text.slice(text.indexOf(":") + 1));
  return !isTag && !text.includes("@") && (OF_ALGORITHM.test(text) || HEX.test(text));
}
