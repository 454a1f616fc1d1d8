import { utf8Decoder, utf8Encoder } from "../backend/utf8.ts";
import { crc32 } from "../backend/crc32.ts";
import { decodeJson, encodeJson, type JsonLimits } from "../backend/json.ts";
import { MAX_JSON_BYTES } from "../backend/parse-json.ts";

/** How an object with a checksum begins: its first member, the CRC-32 of everything behind the comma. */
const HEAD = '{"crc32":"00000000",';
/** No object that {@link encodeCheckedJson} makes is longer. */
export const MAX_CHECKED_JSON_BYTES: number = MAX_JSON_BYTES + HEAD.length;
const HEAD_PATTERN = /^\{"crc32":"([0-9a-f]{8})",$/;

/** An object with at least one member as JSON that notices when a bit of it changes. Throws `INVALID_ARGUMENT` naming the path below `field`. */
export function encodeCheckedJson(value: object, field: string, limits?: JsonLimits): Uint8Array {
  const bytes = utf8Encoder().encode(HEAD + encodeJson(value, field, limits).slice(1));
  const crc = crc32(bytes, HEAD.length).toString(16).padStart(8, "0");
  bytes.set(utf8Encoder().encode(crc), HEAD.indexOf("00000000"));
  return bytes;
}

/** The object, without its checksum; objects of early releases have none. Throws a RangeError when it is wrong. */
export function decodeCheckedJson(bytes: Uint8Array, limits?: JsonLimits): unknown {
  const text = utf8Decoder({ fatal: true }).decode(bytes);
  const expected = HEAD_PATTERN.exec(text.slice(0, HEAD.length))?.[1];
  if (expected === undefined) return decodeJson(text, limits);
  if (crc32(bytes, HEAD.length) !== Number.parseInt(expected, 16)) throw new RangeError("the checksum is wrong");
  return decodeJson(`{${text.slice(HEAD.length)}`, limits);
}
