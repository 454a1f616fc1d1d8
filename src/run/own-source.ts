import { jsonText } from "../artifacts/json-text.ts";
import { SMALL_BYTES } from "../artifacts/small-bytes.ts";
import type { ArtifactSource } from "../artifacts/source.ts";
import { isArrayBuffer, isPlainObject } from "../platform/any-realm.ts";
import { unreadable } from "../errors/ledger-error.ts";

/** As {@link ownSource}. Throws `INVALID_ARGUMENT` if reading the source throws. */
export function copySource(source: ArtifactSource): ArtifactSource {
  try {
    return ownSource(source) as ArtifactSource;
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
