import { utf8Encoder } from "../bytes/utf8.ts";
import { toWellFormed } from "../bytes/well-formed.ts";
import { tooLarge, wrongInput } from "./wrong-input.ts";

/** The most bytes that a rich value may take in memory. */
export const MAX_VALUE_BYTES: number = 128 * 1024 * 1024;
/** The most bytes of a rich value's content that is stored or read. */
export const MAX_STORED_BYTES: number = 2 * MAX_VALUE_BYTES;
/** Texts of at most this many bytes of UTF-8 are stored in the run's record, not in a blob. */
const INLINE_BYTES = 1024;

/** A checked copy of a rich value. It no longer reads the caller's data. */
export interface MediaContent {
  readonly type: "text" | "image" | "histogram" | "table";
  readonly mediaType: string;
  /** The number of bytes that it takes in memory while it waits. */
  readonly held: number;
  /** The content, if it is a short text. */
  readonly inline?: string;
  /** Returns the bytes to store, which are the same for the same value. Called once. */
  readonly encode: () => Promise<Uint8Array>;
  /** What the run's record states in addition. */
  readonly details: {
    readonly width?: number;
    readonly height?: number;
    readonly caption?: string;
    readonly rows?: number;
    readonly columns?: number;
    readonly dates?: readonly number[];
  };
}

/** A rich value whose bytes are not available yet. They are those at the time of the call. */
export interface PendingContent {
  readonly type: "image";
  readonly held: number;
  /** Waits for the bytes and checks them. Called once. Rejects as the checks of other values throw. */
  readonly load: () => Promise<MediaContent>;
}

/** Returns the content of a value that is stored as text: in the record itself if it is short. */
export function asText(type: "text" | "histogram", mediaType: string, text: string): MediaContent {
  const bytes = utf8Encoder().encode(text);
  const isShort = bytes.byteLength <= INLINE_BYTES;
  return {
    type,
    mediaType,
    held: bytes.byteLength,
    ...(isShort && { inline: text }),
    encode: async () => bytes,
    details: {},
  };
}

/** The longest text, in UTF-16 code units. */
const MAX_TEXT_LENGTH: number = 16 * 1024 * 1024;

/**
 * Returns the content of a text, with U+FFFD in place of lone surrogates. Throws `INVALID_ARGUMENT` unless it is a
 * string, and `TOO_LARGE` if it is longer than {@link MAX_TEXT_LENGTH}.
 */
export function textContent(text: unknown): MediaContent {
  if (typeof text !== "string") throw wrongInput("text", "a string", text);
  if (text.length > MAX_TEXT_LENGTH) throw tooLarge("text", `${text.length} characters`, `${MAX_TEXT_LENGTH}`);
  return asText("text", "text/plain;charset=utf-8", toWellFormed(text));
}
