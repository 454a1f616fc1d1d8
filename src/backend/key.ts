import { hasLoneSurrogate } from "../bytes/well-formed.ts";
import { utf8Decoder, utf8Encoder } from "../bytes/utf8.ts";
import { LedgerError, describeType } from "../errors/ledger-error.ts";

/** The longest key, in UTF-8 bytes. S3 allows 1024; the difference leaves room for a bucket prefix. */
export const MAX_KEY_BYTES = 900;
/**
 * The longest key that a backend itself takes, in UTF-8 bytes: a key of {@link MAX_KEY_BYTES} and the prefix that a
 * layer adds.
 */
export const MAX_STORED_KEY_BYTES = 1024;
/**
 * The longest segment of a key, in UTF-8 bytes: what common filesystems take as one file name, less room for a
 * temporary suffix.
 */
export const MAX_SEGMENT_BYTES = 240;

const encoder = /* @__PURE__ */ utf8Encoder();

/**
 * Throws `INVALID_KEY` unless `key` is one or more segments joined by `/`, where each segment
 * - is not empty, and does not begin with a dot or end with a dot or a space,
 * - contains no control character, no lone surrogate, and none of `\ : ? * | < > "`, which Windows allows in no name,
 * - is in Unicode normal form C,
 * - is not a Windows device name (`con`, `aux.txt`, …),
 * - has at most {@link MAX_SEGMENT_BYTES} bytes. The whole key has at most `maxBytes`, by default
 *   {@link MAX_KEY_BYTES}.
 */
export function assertKey(key: string, maxBytes: number = MAX_KEY_BYTES): void {
  check(key, "key", maxBytes);
  if (key === "") throw bad(key, "it is empty");
}

/** Throws as {@link assertKey} does, but allows the empty prefix, which means everything. */
export function assertPrefix(prefix: string, maxBytes: number = MAX_KEY_BYTES): void {
  check(prefix, "prefix", maxBytes);
}

function check(key: string, what: string, maxBytes: number): void {
  if (typeof key !== "string") {
    throw new LedgerError("INVALID_KEY", `a ${what} must be a string, but is ${describeType(key)}`, {
      field: what,
      received: describeType(key),
    });
  }
  if (key === "") return;
  const isPlain = PLAIN.test(key);
  if (key.length > maxBytes || sizeOf(key, isPlain) > maxBytes) throw bad(key, `it is longer than ${maxBytes} bytes`);
  if (!isPlain && hasLoneSurrogate(key)) throw bad(key, "it contains half of a surrogate pair");
  if (!isPlain && key.normalize("NFC") !== key) throw bad(key, "it is not in Unicode normal form C");
  for (const segment of key.split("/")) {
    const fault = segmentFault(segment, isPlain);
    if (fault !== undefined) throw bad(key, fault);
  }
}

/** Matches nearly all keys. In such a key, each character is a byte, and most faults are impossible. */
const PLAIN = /^[a-z0-9_=./-]*$/;

function sizeOf(text: string, isPlain: boolean): number {
  return isPlain ? text.length : encoder.encode(text).length;
}

const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

/** Returns whether Windows takes the name for a device, in upper or lower case and with any extension. */
export function isDeviceName(name: string): boolean {
  return DEVICE.test(name);
}

function segmentFault(segment: string, isPlain: boolean): string | undefined {
  if (segment === "") return "it has an empty segment";
  if (segment.startsWith(".")) return "a segment begins with a dot";
  if (segment.endsWith(".") || segment.endsWith(" ")) return "a segment ends with a dot or a space";
  // oxlint-disable-next-line no-control-regex -- this looks for control characters
  if (!isPlain && /[\u0000-\u001f\u007f-\u009f\\:?*|<>"]/.test(segment))
    return 'it contains a control character or one of \\ : ? * | < > "';
  if (DEVICE.test(segment)) return "a segment is a Windows device name";
  if (sizeOf(segment, isPlain) > MAX_SEGMENT_BYTES) return `a segment is longer than ${MAX_SEGMENT_BYTES} bytes`;
  return undefined;
}

function bad(key: string, why: string): LedgerError {
  const shown = key.length > 80 ? `${key.slice(0, 80)}…` : key;
  return new LedgerError("INVALID_KEY", `${JSON.stringify(shown)} is not a valid key: ${why}`, {
    key: shown,
    field: "key",
  });
}

/**
 * Returns a user's name as one key segment that no file system confuses with another: all bytes but `a-z 0-9 _ - .`,
 * also those of capitals, become `=xx`. Throws `INVALID_ARGUMENT` if the name is empty, not a string, too long for one
 * segment, or contains control characters.
 */
export function encodeSegment(name: string, field: string): string {
  if (typeof name !== "string") {
    throw new LedgerError("INVALID_ARGUMENT", `${field} must be a string, but is ${describeType(name)}`, {
      field,
      received: describeType(name),
    });
  }
  const fault = nameFault(name);
  if (fault !== undefined) {
    throw new LedgerError("INVALID_ARGUMENT", `${field} ${fault}`, { field, received: "string" });
  }
  let out = "";
  for (const byte of encoder.encode(name.normalize("NFC"))) {
    const plain = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x5f || byte === 0x2d;
    out += plain || (byte === 0x2e && out !== "") ? String.fromCharCode(byte) : escapeByte(byte);
  }
  if (out.endsWith(".")) out = `${out.slice(0, -1)}=2e`;
  if (DEVICE.test(out)) out = escapeByte(out.charCodeAt(0)) + out.slice(1);
  if (out.length > MAX_SEGMENT_BYTES) {
    throw new LedgerError(
      "INVALID_ARGUMENT",
      `${field} is too long: it takes ${out.length} bytes as a key, but at most ${MAX_SEGMENT_BYTES} are allowed`,
      {
        field,
        received: "string",
      },
    );
  }
  return out;
}

function nameFault(name: string): string | undefined {
  if (name === "") return "must not be empty";
  if (name.length > MAX_SEGMENT_BYTES) return `must be at most ${MAX_SEGMENT_BYTES} characters, but has ${name.length}`;
  // oxlint-disable-next-line no-control-regex -- this looks for control characters
  if (/[\u0000-\u001f\u007f]/.test(name)) return "must not contain control characters";
  if (hasLoneSurrogate(name)) return "must not contain half of a surrogate pair";
  return undefined;
}

function escapeByte(byte: number): string {
  return `=${byte.toString(16).padStart(2, "0")}`;
}

/** Returns the name from which {@link encodeSegment} made a segment. */
export function decodeSegment(segment: string): string {
  const bytes: number[] = [];
  for (let i = 0; i < segment.length; i++) {
    const hex = segment[i] === "=" ? segment.slice(i + 1, i + 3) : "";
    if (/^[0-9a-f]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else bytes.push(...encoder.encode(segment[i]));
  }
  return utf8Decoder().decode(Uint8Array.from(bytes));
}
