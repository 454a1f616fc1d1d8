import { utf8Encoder } from "../backend/utf8.ts";
import type { ErrorCode } from "../backend/error.ts";
import { LedgerError, describeType } from "../backend/error.ts";

/** Longest path of a file in an artifact, in UTF-8 bytes. */
export const MAX_PATH_BYTES = 4096;
/** Longest segment of such a path, in UTF-8 bytes. */
export const MAX_PATH_SEGMENT_BYTES = 255;
/** Most segments of such a path. */
export const MAX_PATH_SEGMENTS = 64;

const encoder = utf8Encoder();
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:[.:]|$)/i;

/**
 * Throws unless `path` names a file below whatever directory it is joined to, on every platform: relative, `/`-separated, in
 * Unicode normal form C, no segment empty, `.`, `..`, ending in a dot or a space, beginning with a drive (`c:`) or being a
 * device of Windows, no control character, backslash or lone surrogate, and within the three limits above.
 *
 * Used for what people give (`INVALID_ARGUMENT`) and for what manifests say (`CORRUPT`).
 */
export function assertArtifactPath(
  path: unknown,
  code: ErrorCode = "INVALID_ARGUMENT",
  field = "path",
): asserts path is string {
  const fault = typeof path === "string" ? pathFault(path) : "it is no string";
  if (fault === undefined) return;
  const shown =
    typeof path === "string" ? JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}…` : path) : describeType(path);
  throw new LedgerError(code, `${shown} cannot be a path in an artifact: ${fault}`, {
    field,
    received: describeType(path),
  });
}

/** The path as it is stored: in normal form C, and checked. Throws `INVALID_ARGUMENT`. */
export function toArtifactPath(path: string, field = "path"): string {
  const normal = typeof path === "string" ? path.normalize("NFC") : path;
  assertArtifactPath(normal, "INVALID_ARGUMENT", field);
  return normal;
}

function pathFault(path: string): string | undefined {
  if (path === "") return "it is empty";
  if (path.length > MAX_PATH_BYTES || encoder.encode(path).length > MAX_PATH_BYTES) {
    return `it is longer than ${MAX_PATH_BYTES} bytes`;
  }
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(path)) return "it holds a control character";
  if (path.includes("\\")) return "it holds a backslash";
  if (/[\ud800-\udfff]/u.test(path)) return "it holds half of a surrogate pair";
  if (path.normalize("NFC") !== path) return "it is not in Unicode normal form C";
  const segments = path.split("/");
  if (segments.length > MAX_PATH_SEGMENTS) return `it has more than ${MAX_PATH_SEGMENTS} segments`;
  for (const segment of segments) {
    const fault = segmentFault(segment);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function segmentFault(segment: string): string | undefined {
  if (segment === "") return "it begins or ends with a slash, or has an empty segment";
  if (segment === "." || segment === "..") return `it has a segment ${segment}`;
  if (segment.endsWith(".") || segment.endsWith(" ")) return "a segment ends with a dot or a space";
  if (/^[a-z]:/i.test(segment)) return "a segment begins with a drive letter";
  if (DEVICE.test(segment)) return "a segment is a device name of Windows";
  if (encoder.encode(segment).length > MAX_PATH_SEGMENT_BYTES)
    return `a segment is longer than ${MAX_PATH_SEGMENT_BYTES} bytes`;
  return undefined;
}

/**
 * Throws when the files of an artifact could not all be written to one directory: a path twice, paths that differ only in case, or one
 * that is a file as well as a directory of another.
 */
export function assertDistinctPaths(
  paths: readonly string[],
  code: ErrorCode = "INVALID_ARGUMENT",
  field = "path",
): void {
  const files = new Map<string, string>();
  for (const path of paths) {
    const folded = fold(path);
    const other = files.get(folded);
    if (other !== undefined) {
      const why = other === path ? "is there twice" : `and ${quote(other)} are one file where case does not count`;
      throw new LedgerError(code, `${quote(path)} ${why}`, { field });
    }
    files.set(folded, path);
  }
  for (const [folded, path] of files) {
    for (let at = folded.indexOf("/"); at !== -1; at = folded.indexOf("/", at + 1)) {
      const other = files.get(folded.slice(0, at));
      if (other !== undefined) {
        throw new LedgerError(code, `${quote(other)} is a file and the directory of ${quote(path)} at once`, { field });
      }
    }
  }
}

/** Both ways, so that what any filesystem folds together is equal: `ß` and `SS`, `ſ` and `s`. */
function fold(path: string): string {
  return path.toUpperCase().toLowerCase().normalize("NFC");
}

function quote(path: string): string {
  return JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}…` : path);
}
