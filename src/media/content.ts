import { utf8Encoder } from "../bytes/utf8.ts";

/** Largest rich value, in bytes held in memory. */
export const MAX_VALUE_BYTES: number = 128 * 1024 * 1024;
/** Largest content of one that is stored, or read. */
export const MAX_STORED_BYTES: number = 2 * MAX_VALUE_BYTES;
/** Contents of text up to this many bytes of UTF-8 stand in the run's record, not in a blob. */
export const INLINE_BYTES = 1024;

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
