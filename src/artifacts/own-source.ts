import { encodeJson } from "../bytes/encode-json.ts";
import { LedgerError, unreadable } from "../errors/ledger-error.ts";
import { isArrayBuffer, isPlainObject } from "../platform/any-realm.ts";

/**
 * Contents of at most this many bytes are handled in one buffer. `logArtifact` copies them when it is called, so that
 * the caller may change them at once. Defined here because that copy is made before the artifact store is loaded.
 */
export const SMALL_BYTES: number = 8 * 1024 * 1024;

/** Returns what {@link ownSource} returns. Throws `INVALID_ARGUMENT` if reading the source throws. */
export function copySource<Source>(source: Source): Source {
  try {
    return ownSource(source) as Source;
  } catch (error) {
    throw unreadable("source", error);
  }
}

/**
 * Returns a copy of an artifact's source in which small bytes and data are copied, so that the caller may change them
 * at once. Returns an invalid source unchanged, because the artifact store refuses it later.
 */
function ownSource(source: unknown): unknown {
  if (typeof source !== "object" || source === null) return source;
  if (ArrayBuffer.isView(source))
    return source.byteLength <= SMALL_BYTES
      ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice()
      : source;
  if (isArrayBuffer(source)) return source.byteLength <= SMALL_BYTES ? source.slice(0) : source;
  if (!isPlainObject(source)) return source;
  const [member, ...more] = Object.keys(source);
  if (more.length > 0) return source;
  if (member === "text") return { ...source };
  if (member === "json") return { text: jsonText((source as { json: unknown }).json) };
  const { files } = source as { files?: unknown };
  if (member !== "files" || typeof files !== "object" || files === null || Array.isArray(files)) return source;
  const own: [string, unknown][] = Object.keys(files).map((path) => [
    path,
    ownSource((files as Record<string, unknown>)[path]),
  ]);
  return { files: Object.fromEntries(own) };
}

/**
 * Returns data as the text of a JSON file for any program. Throws `INVALID_ARGUMENT` for values that JSON cannot hold.
 */
export function jsonText(data: unknown): string {
  const text = encodeJson(data, "source.json");
  // Other programs do not know the library's own form of such values.
  if (!text.includes('"$rl"')) return text;
  throw new LedgerError(
    "INVALID_ARGUMENT",
    "source.json holds NaN, Infinity, -0 or a bigint, which JSON cannot hold: convert them",
    { field: "source.json" },
  );
}
