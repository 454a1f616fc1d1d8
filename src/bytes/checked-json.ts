import { utf8Decoder, utf8Encoder } from "./utf8.ts";
import { crc32 } from "./crc32.ts";
import { decodeJson } from "./decode-json.ts";
import { encodeJson, encodeJsonInPieces } from "./encode-json.ts";
import type { JsonLimits } from "./parse-json.ts";
import { MAX_JSON_BYTES } from "./parse-json.ts";

/** The beginning of an object with a checksum. Its first member is the CRC-32 of everything after the comma. */
const HEAD = '{"crc32":"00000000",';
/** The most bytes of an object that {@link encodeCheckedJson} makes. */
export const MAX_CHECKED_JSON_BYTES: number = MAX_JSON_BYTES + HEAD.length;
const HEAD_PATTERN = /^\{"crc32":"([0-9a-f]{8})",$/;

/**
 * Returns an object with at least one member as JSON with a checksum. Throws `INVALID_ARGUMENT` that names the path of
 * an invalid value below `field`.
 */
export function encodeCheckedJson(value: object, field: string, limits?: JsonLimits): Uint8Array {
  return withChecksum(encodeJson(value, field, limits));
}

/** Returns what {@link encodeCheckedJson} returns. Yields where it may be interrupted. */
export function* encodeCheckedJsonInPieces(
  value: object,
  field: string,
  limits?: JsonLimits,
): Generator<void, Uint8Array, void> {
  return withChecksum(yield* encodeJsonInPieces(value, field, limits));
}

/** Returns the JSON text of an object with at least one member, with a checksum before its first member. */
export function withChecksum(text: string): Uint8Array {
  const bytes = utf8Encoder().encode(HEAD + text.slice(1));
  const crc = crc32(bytes, HEAD.length).toString(16).padStart(8, "0");
  bytes.set(utf8Encoder().encode(crc), HEAD.indexOf("00000000"));
  return bytes;
}

/**
 * Returns the object, without its checksum. Throws a RangeError if the checksum is wrong or missing, and what
 * `decodeJson` throws. Does not require a checksum in an object of a later version, because that version may check its
 * objects in another way.
 */
export function decodeCheckedJson(bytes: Uint8Array, limits?: JsonLimits, member?: VersionMember): unknown {
  return decodeChecked(bytes, (text) => decodeJson(text, limits), member);
}

/** Does what {@link decodeCheckedJson} does with another decoder of the JSON text. */
export function decodeChecked(bytes: Uint8Array, decode: (text: string) => unknown, member?: VersionMember): unknown {
  const text = utf8Decoder({ fatal: true }).decode(bytes);
  const expected = HEAD_PATTERN.exec(text.slice(0, HEAD.length))?.[1];
  if (expected === undefined) {
    const value = decode(text);
    if (laterVersion(value, member) !== undefined) return value;
    throw new RangeError("the checksum is missing");
  }
  if (crc32(bytes, HEAD.length) !== Number.parseInt(expected, 16)) throw new RangeError("the checksum is wrong");
  return decode(`{${text.slice(HEAD.length)}`);
}

/** The member that holds the version of an object: `version` in `ledger.json`, `v` in all others. */
type VersionMember = "v" | "version";

/** Returns the version of an object if it is later than the one this library writes. */
export function laterVersion(value: unknown, member: VersionMember = "v"): number | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const found = (value as { readonly [name: string]: unknown })[member];
  return typeof found === "number" && found > 1 ? found : undefined;
}
