import { decodeChecked, withChecksum } from "../bytes/checked-json.ts";
import * as z from "zod/mini";
import { LedgerError } from "../errors/ledger-error.ts";
import { decodeJsonValue } from "../bytes/decode-json.ts";
import { encodeJson } from "../bytes/encode-json.ts";
import { formatDigest, parseDigest } from "../bytes/digest.ts";
import { compareUtf8 } from "../bytes/utf8-order.ts";
import { MAX_JSON_VALUES, parseJson } from "../bytes/parse-json.ts";
import { assertArtifactPath, assertDistinctPaths, unportablePaths } from "./path.ts";

/** Size in bytes of the largest manifest that is written or read. */
export const MAX_MANIFEST_BYTES: number = 64 * 1024 * 1024;
/** The most files of one artifact. */
export const MAX_FILES = 1_000_000;

/** A file is at most five JSON values. The others are metadata. */
const LIMITS = { chars: MAX_MANIFEST_BYTES, values: 5 * MAX_FILES + 3 * MAX_JSON_VALUES };

/** One file of an artifact. `hex` is the SHA-256 of its content. */
export interface ManifestFile {
  readonly path: string;
  readonly size: number;
  readonly hex: string;
  /** Marks a path that some systems cannot hold or confuse with another: see `unportablePaths`. */
  readonly portable?: false;
}

/** The manifest of one version of an artifact. */
export interface Manifest {
  /** The name of the artifact. */
  readonly name: string;
  /** Its number: 3 for `v3`. */
  readonly number: number;
  /** SHA-256 of the content if `single`, else of the listing. */
  readonly hex: string;
  readonly type?: string;
  readonly metadata: Record<string, unknown>;
  /** What is known of the content as a data set, for those who know its shape. */
  readonly dataset?: unknown;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly runId?: string;
  /** True for one content, false for a directory of files. */
  readonly single: boolean;
  /** Sorted by `compareUtf8` of their paths. */
  readonly files: readonly ManifestFile[];
}

/**
 * Returns metadata as JSON text, in which two versions can be compared. Throws `INVALID_ARGUMENT` unless it is an
 * object of JSON data.
 */
export function encodeMetadata(metadata: unknown): string {
  const text = encodeJson(metadata, "metadata");
  if (text.startsWith('{"$rl":"obj"') || (text.startsWith("{") && !text.startsWith('{"$rl"'))) return text;
  throw new LedgerError("INVALID_ARGUMENT", "metadata must be an object", { field: "metadata" });
}

/** Returns the JSON of a manifest, with one file a line. Throws `TOO_LARGE` beyond the limits above. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const { name, number, hex, type, createdAt, runId, single, files } = manifest;
  if (files.length > MAX_FILES) throw tooLarge(`${files.length} files, at most ${MAX_FILES}`);
  const head = JSON.stringify({
    v: 1,
    name,
    version: number,
    digest: formatDigest(hex),
    type,
    createdAt,
    runId,
    single,
  });
  const lines = files.map((file) =>
    JSON.stringify({ path: file.path, size: file.size, digest: formatDigest(file.hex), portable: file.portable }),
  );
  const metadata = encodeMetadata(manifest.metadata);
  const dataset = manifest.dataset === undefined ? "" : `"dataset":${encodeJson(manifest.dataset, "dataset")},`;
  const text = `${head.slice(0, -1)},"metadata":${metadata},${dataset}"files":[\n${lines.join(",\n")}\n]}\n`;
  const bytes = withChecksum(text);
  if (bytes.byteLength > MAX_MANIFEST_BYTES)
    throw tooLarge(`a manifest of ${bytes.byteLength} bytes, at most ${MAX_MANIFEST_BYTES}`);
  return bytes;
}

function tooLarge(what: string): LedgerError {
  return new LedgerError("TOO_LARGE", `the artifact is too large: it has ${what}. Pack the files into an archive`, {
    field: "source",
  });
}

// Checked by functions, which add less to the bundle than zod's own checks.
const size = /* @__PURE__ */ z.custom<number>((value) => Number.isSafeInteger(value) && (value as number) >= 0);
const text = /* @__PURE__ */ z.custom<string>(
  (value) => typeof value === "string" && value.length > 0 && value.length <= 1000,
);
/** Readers ignore unknown members, because a later writer may add some without a new `v`. */
const schema = /* @__PURE__ */ z.object({
  v: /* @__PURE__ */ z.literal(1),
  name: text,
  version: size,
  digest: text,
  type: /* @__PURE__ */ z.optional(text),
  // Not checked here, because a schema of its keys would lose `__proto__`.
  metadata: /* @__PURE__ */ z.unknown(),
  dataset: /* @__PURE__ */ z.optional(/* @__PURE__ */ z.unknown()),
  createdAt: /* @__PURE__ */ z.number(),
  runId: /* @__PURE__ */ z.optional(text),
  single: /* @__PURE__ */ z.boolean(),
  files: /* @__PURE__ */ z.array(
    /* @__PURE__ */ z.object({
      path: /* @__PURE__ */ z.string(),
      size,
      digest: text,
      portable: /* @__PURE__ */ z.optional(/* @__PURE__ */ z.literal(false)),
    }),
  ),
});

/**
 * Parses a manifest that may come from anybody. Throws `CORRUPT` unless {@link encodeManifest} could have made it for
 * this name and number, and `FORMAT_TOO_NEW` if a later version of the library wrote it. `key` is named in the
 * messages.
 */
export function parseManifest(bytes: Uint8Array, key: string, name: string, number: number): Manifest {
  if (bytes.byteLength > MAX_MANIFEST_BYTES) throw corrupt(key, `has more than ${MAX_MANIFEST_BYTES} bytes`);
  const raw = parseText(bytes, key);
  if (raw.name !== name || raw.version !== number) throw corrupt(key, "describes another version than its key names");
  checkPaths(raw.files, key);
  // Found even if the manifest does not mark them: it may come from anybody, and code that saves its files relies on
  // the marks.
  const odd = unportablePaths(raw.files.map(({ path }) => path));
  const files = raw.files.map(({ path, size: bytes, digest, portable = !odd.has(path) }) => ({
    path,
    size: bytes,
    hex: hexOf(digest, key),
    ...(!portable && { portable }),
  }));
  const dataset = datasetOf(raw.dataset);
  const manifest: Manifest = {
    name,
    number,
    hex: hexOf(raw.digest, key),
    ...(raw.type === undefined ? {} : { type: raw.type }),
    metadata: metadataOf(raw.metadata, key),
    ...(dataset !== undefined && { dataset }),
    createdAt: raw.createdAt,
    ...(raw.runId === undefined ? {} : { runId: raw.runId }),
    single: raw.single,
    files,
  };
  checkContent(manifest, key);
  return manifest;
}

function parseText(bytes: Uint8Array, key: string): z.infer<typeof schema> {
  let parsed: unknown;
  try {
    parsed = decodeChecked(bytes, (json) => parseJson(json, LIMITS));
  } catch (cause) {
    throw corrupt(key, "is damaged, or not a manifest", cause);
  }
  if (typeof parsed === "object" && parsed !== null) {
    const { v, files } = parsed as { v?: unknown; files?: unknown };
    if (typeof v === "number" && v > 1) {
      throw new LedgerError("FORMAT_TOO_NEW", `${key} was written by a later version of this library (v ${v})`, {
        key,
      });
    }
    if (Array.isArray(files) && files.length > MAX_FILES) throw corrupt(key, `lists more than ${MAX_FILES} files`);
  }
  const result = schema.safeParse(parsed);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw corrupt(key, `is not a manifest: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.slice(0, 200));
}

function checkPaths(files: readonly { readonly path: string }[], key: string): void {
  let last: string | undefined;
  for (const { path } of files) {
    checkAs(key, () => assertArtifactPath(path, "CORRUPT"));
    if (last !== undefined && compareUtf8(last, path) >= 0)
      throw corrupt(key, "does not list its files in order, each once");
    last = path;
  }
  const paths = files.map((file) => file.path);
  checkAs(key, () => assertDistinctPaths(paths, "CORRUPT"));
}

function checkContent({ files, single, hex }: Manifest, key: string): void {
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (!Number.isSafeInteger(total)) throw corrupt(key, "states impossible sizes");
  if (single && (files.length !== 1 || files[0]?.hex !== hex))
    throw corrupt(key, "states a digest that is not that of its one file");
}

function metadataOf(raw: unknown, key: string): Record<string, unknown> {
  const value = checkAs(key, () => decodeJsonValue(raw));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw corrupt(key, "has metadata that is not an object");
  return value as Record<string, unknown>;
}

/** Returns the facts of a data set, or `undefined` if they are malformed: the files are intact without them. */
function datasetOf(raw: unknown): unknown {
  try {
    return raw === undefined ? undefined : decodeJsonValue(raw);
  } catch {
    return undefined;
  }
}

/** Runs a check. Turns what it throws into a `CORRUPT` that names the object. */
function checkAs<T>(key: string, check: () => T): T {
  try {
    return check();
  } catch (cause) {
    throw corrupt(key, LedgerError.is(cause) ? `is damaged: ${cause.message}` : "is damaged", cause);
  }
}

function hexOf(digest: string, key: string): string {
  const hex = parseDigest(digest);
  if (hex === undefined) throw corrupt(key, "holds an invalid digest");
  return hex;
}

function corrupt(key: string, what: string, cause?: unknown): LedgerError {
  return new LedgerError("CORRUPT", `${key} ${what}`, { key, cause });
}
