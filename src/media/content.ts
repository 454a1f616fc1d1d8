import { utf8Encoder } from "../bytes/utf8.ts";
import { toWellFormed } from "../bytes/well-formed.ts";
import { tooLarge, wrongInput } from "./wrong-input.ts";

/** Largest rich value, in bytes held in memory. */
export const MAX_VALUE_BYTES: number = 128 * 1024 * 1024;
/** Largest content of one that is stored, or read. */
export const MAX_STORED_BYTES: number = 2 * MAX_VALUE_BYTES;
/** Contents of text up to this many bytes of UTF-8 stand in the run's record, not in a blob. */
const INLINE_BYTES = 1024;

/** A rich value, checked and copied: nothing of the caller's is read any more. */
export interface MediaContent {
  readonly type: "text" | "image" | "histogram" | "table";
  readonly mediaType: string;
  /** Bytes it takes in memory while it waits. */
  readonly held: number;
  /** The content, when it is a short text. */
  readonly inline?: string;
  /** The bytes to be stored: the same for the same value. Called once. */
  readonly encode: () => Promise<Uint8Array>;
  /** What the record says beside. */
  readonly details: {
    readonly width?: number;
    readonly height?: number;
    readonly caption?: string;
    readonly rows?: number;
    readonly columns?: number;
    readonly dates?: readonly number[];
  };
}

/** A rich value whose bytes have to be waited for. They are those of the call. */
export interface PendingContent {
  readonly type: "image";
  readonly held: number;
  /** Checks the value once its bytes are there. Called once; rejects as the checks of other values throw. */
  readonly load: () => Promise<MediaContent>;
}

/** The content of what is stored as text: in the record itself when it is short. */
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

/** Longest text, in UTF-16 code units. */
const MAX_TEXT_LENGTH: number = 16 * 1024 * 1024;

/** Keeps halves of surrogate pairs as U+FFFD. Throws `INVALID_ARGUMENT` for what is no text, `TOO_LARGE` beyond {@link MAX_TEXT_LENGTH}. */
export function textContent(text: unknown): MediaContent {
  if (typeof text !== "string") throw wrongInput("text", "a string", text);
  if (text.length > MAX_TEXT_LENGTH) throw tooLarge("text", `${text.length} characters`, `${MAX_TEXT_LENGTH}`);
  return asText("text", "text/plain;charset=utf-8", toWellFormed(text));
}
