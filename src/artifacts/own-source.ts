import { encodeJson } from "../bytes/json.ts";
import { LedgerError, unreadable } from "../errors/ledger-error.ts";
import { isArrayBuffer, isPlainObject } from "../platform/any-realm.ts";

/**
 * Up to this many bytes a content is handled in one buffer, and copied at the call of `logArtifact`, so that the caller may change
 * it right after. By itself in this file: who logs an artifact needs it before the artifact store is loaded.
 */
export const SMALL_BYTES: number = 8 * 1024 * 1024;

/** As {@link ownSource}. Throws `INVALID_ARGUMENT` if reading the source throws. */
export function copySource<Source>(source: Source): Source {
  try {
    return ownSource(source) as Source;
  } catch (error) {
    throw unreadable("source", error);
  }
}

/**
 * The source of an artifact as it is at the call, so that the caller may change it right after: small bytes and data are copied.
 * What would be refused stays as it is.
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

/** Data as the text of a JSON file for any program. Throws `INVALID_ARGUMENT` for what JSON cannot hold. */
export function jsonText(data: unknown): string {
  const text = encodeJson(data, "source.json");
  // The library's own form for such values would surprise other programs.
  if (!text.includes('"$rl"')) return text;
  throw new LedgerError(
    "INVALID_ARGUMENT",
    "source.json holds NaN, Infinity, -0 or a bigint, which JSON has no form for: convert them",
    { field: "source.json" },
  );
}
