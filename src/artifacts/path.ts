import { utf8Encoder } from "../bytes/utf8.ts";
import type { ErrorCode } from "../errors/ledger-error.ts";
import { LedgerError, describeType } from "../errors/ledger-error.ts";

/** Longest path of a file in an artifact, in UTF-8 bytes. */
export const MAX_PATH_BYTES = 4096;
/** Longest segment of such a path, in UTF-8 bytes. */
export const MAX_PATH_SEGMENT_BYTES = 255;
/** Most segments of such a path. */
export const MAX_PATH_SEGMENTS = 64;

const encoder = utf8Encoder();
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)/i;

/**
 * Throws unless `path` names a file below the directory that it is joined to: relative, `/`-separated, in Unicode normal form C, no
 * segment empty, `.` or `..`, not beginning with a drive (`c:/`), no control character, backslash or lone surrogate, and within the
 * limits above. Some systems may still be unable to hold such a path, or take it for another: see {@link unportablePaths}.
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
  if (/^[a-z]:$/i.test(segments[0] ?? "")) return "it begins with a drive";
  for (const segment of segments) {
    const fault = segmentFault(segment);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function segmentFault(segment: string): string | undefined {
  if (segment === "") return "it begins or ends with a slash, or has an empty segment";
  if (segment === "." || segment === "..") return `it has a segment ${segment}`;
  if (encoder.encode(segment).length > MAX_PATH_SEGMENT_BYTES)
    return `a segment is longer than ${MAX_PATH_SEGMENT_BYTES} bytes`;
  return undefined;
}

/** Throws if the files of an artifact could not all be in one directory anywhere: a path twice, or a file where another path has a directory. */
export function assertDistinctPaths(
  paths: readonly string[],
  code: ErrorCode = "INVALID_ARGUMENT",
  field = "path",
): void {
  const files = new Set<string>();
  for (const path of paths) {
    if (files.has(path)) throw new LedgerError(code, `${quote(path)} is there twice`, { field });
    files.add(path);
  }
  for (const path of paths) {
    const directory = directories(path).find((above) => files.has(above));
    if (directory === undefined) continue;
    const message = `${quote(directory)} is a file and the directory of ${quote(path)} at once`;
    throw new LedgerError(code, message, { field });
  }
}

/**
 * Returns those of the paths that some systems cannot hold, or hold in the place of another: Windows takes `aux.py` for a device,
 * `a:b` for a stream of `a`, and `name.` for `name`; Windows and macOS take `A.txt` for `a.txt`.
 */
export function unportablePaths(paths: readonly string[]): ReadonlySet<string> {
  const found = new Set(paths.filter((path) => path.split("/").some(isOddOnWindows)));
  const files = new Map<string, string>();
  for (const path of paths) {
    const folded = fold(path);
    const other = files.get(folded);
    if (other === undefined) files.set(folded, path);
    else found.add(other).add(path);
  }
  for (const path of paths) {
    for (const above of directories(fold(path))) {
      const other = files.get(above);
      if (other !== undefined) found.add(other).add(path);
    }
  }
  return found;
}

function isOddOnWindows(segment: string): boolean {
  return /[<>:"|?*]|[. ]$/.test(segment) || DEVICE.test(segment);
}

/** The directories on the way to a file, outermost first. */
function directories(path: string): string[] {
  const found: string[] = [];
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) found.push(path.slice(0, at));
  return found;
}

/** Both ways, so that what any filesystem folds together is equal: `ß` and `SS`, `ſ` and `s`. */
function fold(path: string): string {
  return path.toUpperCase().toLowerCase().normalize("NFC");
}

function quote(path: string): string {
  return JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}…` : path);
}
