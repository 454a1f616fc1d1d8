import { utf8Encoder } from "../bytes/utf8.ts";
import type { ErrorCode } from "../errors/ledger-error.ts";
import { LedgerError, describeType } from "../errors/ledger-error.ts";

/** The longest path of a file in an artifact, in UTF-8 bytes. */
export const MAX_PATH_BYTES = 4096;
/** The longest segment of such a path, in UTF-8 bytes. */
export const MAX_PATH_SEGMENT_BYTES = 255;
/** The most segments of such a path. */
export const MAX_PATH_SEGMENTS = 64;

const encoder = /* @__PURE__ */ utf8Encoder();
const DEVICE = /(?:^|\/)(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|\/|$)/i;

/**
 * Throws unless `path` names a file below the directory that it is joined to. It must be relative, `/`-separated, in
 * Unicode normal form C, and within the limits above. It must not begin with a drive (`c:/`), contain an empty segment,
 * `.` or `..`, a control character, a backslash or a lone surrogate. Some systems still cannot hold such a path, or
 * confuse it with another: see {@link unportablePaths}.
 *
 * Throws `INVALID_ARGUMENT` for arguments and `CORRUPT` for manifests, as `code` states.
 */
export function assertArtifactPath(
  path: unknown,
  code: ErrorCode = "INVALID_ARGUMENT",
  field = "path",
): asserts path is string {
  const fault = typeof path === "string" ? pathFault(path) : "it is not a string";
  if (fault === undefined) return;
  const shown =
    typeof path === "string" ? JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}…` : path) : describeType(path);
  throw new LedgerError(code, `${shown} cannot be a path in an artifact: ${fault}`, {
    field,
    received: describeType(path),
  });
}

/** Returns the path as it is stored, in normal form C. Throws `INVALID_ARGUMENT` unless it is valid. */
export function toArtifactPath(path: string, field = "path"): string {
  const normal = typeof path === "string" ? path.normalize("NFC") : path;
  assertArtifactPath(normal, "INVALID_ARGUMENT", field);
  return normal;
}

function pathFault(path: string): string | undefined {
  if (path === "") return "it is empty";
  if (isPlain(path)) return undefined;
  if (path.length > MAX_PATH_BYTES || encoder.encode(path).length > MAX_PATH_BYTES) {
    return `it is longer than ${MAX_PATH_BYTES} bytes`;
  }
  // oxlint-disable-next-line no-control-regex -- this looks for control characters
  if (/[\u0000-\u001f\u007f-\u009f]/.test(path)) return "it contains a control character";
  if (path.includes("\\")) return "it contains a backslash";
  if (/[\ud800-\udfff]/u.test(path)) return "it contains half of a surrogate pair";
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

/** Returns whether a path is short, and of names of ASCII letters, digits, `_`, `-` and dots between them: most are. */
function isPlain(path: string): boolean {
  return path.length <= MAX_PATH_SEGMENTS && /^\w[\w-]*(?:\.[\w-]+)*(?:\/[\w-]+(?:\.[\w-]+)*)*$/.test(path);
}

function segmentFault(segment: string): string | undefined {
  if (segment === "") return "it begins or ends with a slash, or has an empty segment";
  if (segment === "." || segment === "..") return `it has a segment ${segment}`;
  if (encoder.encode(segment).length > MAX_PATH_SEGMENT_BYTES)
    return `a segment is longer than ${MAX_PATH_SEGMENT_BYTES} bytes`;
  return undefined;
}

/**
 * Throws unless one directory can hold all these files: no path may occur twice, and none may be a directory of
 * another.
 */
export function assertDistinctPaths(
  paths: readonly string[],
  code: ErrorCode = "INVALID_ARGUMENT",
  field = "path",
): void {
  const files = new Set<string>();
  for (const path of paths) {
    if (files.has(path)) throw new LedgerError(code, `${quote(path)} is given twice`, { field });
    files.add(path);
  }
  for (const path of paths) {
    const directory = directories(path).find((above) => files.has(above));
    if (directory === undefined) continue;
    const message = `${quote(directory)} is both a file and a directory of ${quote(path)}`;
    throw new LedgerError(code, message, { field });
  }
}

/**
 * Returns the paths that some systems cannot hold or confuse with another: Windows takes `aux.py` for a device, `a:b`
 * for a stream of `a`, and `name.` for `name`. Windows and macOS take `A.txt` for `a.txt`.
 */
export function unportablePaths(paths: readonly string[]): ReadonlySet<string> {
  const found = new Set(paths.filter((path) => isOddOnWindows(path)));
  const files = new Map<string, string>();
  const foldedPaths = paths.map(fold);
  for (const [i, path] of paths.entries()) {
    const folded = foldedPaths[i] as string;
    const other = files.get(folded);
    if (other === undefined) files.set(folded, path);
    else found.add(other).add(path);
  }
  for (const [i, path] of paths.entries()) {
    for (const above of directories(foldedPaths[i] as string)) {
      const other = files.get(above);
      if (other !== undefined) found.add(other).add(path);
    }
  }
  return found;
}

function isOddOnWindows(path: string): boolean {
  return /[<>:"|?*]|[. ](?:\/|$)/.test(path) || DEVICE.test(path);
}

/** Returns the directories that contain a file, outermost first. */
function directories(path: string): string[] {
  const found: string[] = [];
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) found.push(path.slice(0, at));
  return found;
}

/**
 * Folds case in both directions, so that names that any file system confuses become equal: `ß` and `SS`, `ſ` and `s`.
 */
function fold(path: string): string {
  if (/^[\0-@[-\x7f]*$/.test(path)) return path;
  return path.toUpperCase().toLowerCase().normalize("NFC");
}

function quote(path: string): string {
  return JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}…` : path);
}
