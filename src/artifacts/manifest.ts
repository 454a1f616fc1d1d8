import { decodeChecked, withChecksum } from "../bytes/checked-json.ts";
import * as z from "zod/mini";
import { LedgerError } from "../errors/ledger-error.ts";
import { decodeJsonValue } from "../bytes/decode-json.ts";
import { encodeJson } from "../bytes/encode-json.ts";
import { formatDigest, parseDigest } from "../bytes/digest.ts";
import { compareUtf8 } from "../bytes/utf8-order.ts";
import { MAX_JSON_VALUES, parseJson } from "../bytes/parse-json.ts";
import { MAX_PACKS, type Place } from "./places.ts";
import { PlaceParser } from "./place-parser.ts";
import { assertArtifactPath, assertDistinctPaths, unportablePaths } from "./path.ts";

/** Size in bytes of the largest manifest that is written or read. */
export const MAX_MANIFEST_BYTES: number = 64 * 1024 * 1024;
/** The most files of one artifact. */
export const MAX_FILES = 1_000_000;

/** A file is at most seven JSON values. The others are packs and metadata. */
const LIMITS = { chars: MAX_MANIFEST_BYTES, values: 7 * MAX_FILES + 3 * MAX_JSON_VALUES };

/** The longest description of a version, in UTF-16 code units. */
export const MAX_DESCRIPTION_CHARS = 10_000;

/** Returns whether a value can be the description of a version. */
export function isDescription(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_DESCRIPTION_CHARS;
}

/** One file of an artifact. `hex` is the SHA-256 of its content. */
export interface ManifestFile {
  readonly path: string;
  readonly size: number;
  readonly hex: string;
  /** Marks a path that some systems cannot hold or confuse with another: see `unportablePaths`. */
  readonly portable?: false;
  /** Where the content is. Without it, the content is a blob of its own. */
  readonly place?: Place;
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
  readonly description?: string;
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
  const { name, number, hex, type, description, createdAt, runId, single, files } = manifest;
  if (files.length > MAX_FILES) throw tooLarge(`${files.length} files, at most ${MAX_FILES}`);
  const head = JSON.stringify({
    v: 1,
    name,
    version: number,
    digest: formatDigest(hex),
    type,
    description,
    createdAt,
    runId,
    single,
  });
  const packs = new Map<string, NumberedPack>();
  const lines = files.map(({ path, size, hex, portable, place }) =>
    JSON.stringify({ path, size, digest: formatDigest(hex), portable, ...(place && packedAt(place, packs)) }),
  );
  const metadata = encodeMetadata(manifest.metadata);
  const dataset = manifest.dataset === undefined ? "" : `"dataset":${encodeJson(manifest.dataset, "dataset")},`;
  const text = `${head.slice(0, -1)},"metadata":${metadata},${dataset}${packsText(packs)}"files":[\n${lines.join(",\n")}\n]}\n`;
  const bytes = withChecksum(text);
  if (bytes.byteLength > MAX_MANIFEST_BYTES)
    throw tooLarge(`a manifest of ${bytes.byteLength} bytes, at most ${MAX_MANIFEST_BYTES}`);
  return bytes;
}

/** Returns the members that say where a packed content is. Numbers the packs. */
function packedAt({ pack, at }: Place, packs: Map<string, NumberedPack>): { in: number; at: number } {
  let numbered = packs.get(pack.hex);
  if (numbered === undefined) packs.set(pack.hex, (numbered = { ...pack, index: packs.size }));
  return { in: numbered.index, at };
}

type NumberedPack = Place["pack"] & { readonly index: number };

function packsText(packs: ReadonlyMap<string, NumberedPack>): string {
  if (packs.size > MAX_PACKS) throw tooLarge(`${packs.size} packs, at most ${MAX_PACKS}`);
  if (packs.size === 0) return "";
  const lines = [...packs.values()].map(({ hex, size }) => JSON.stringify({ digest: formatDigest(hex), size }));
  return `"packs":[\n${lines.join(",\n")}\n],`;
}

function tooLarge(what: string): LedgerError {
  return new LedgerError("TOO_LARGE", `the artifact is too large: it has ${what}. Pack the files into an archive`, {
    field: "source",
  });
}

/** One of the many files in a manifest. */
interface StatedFile {
  readonly path: string;
  readonly size: number;
  readonly digest: string;
  readonly portable?: false;
  readonly in?: number;
  readonly at?: number;
}

/** Checked by hand, because a schema takes some microseconds a file. */
function isStatedFile(value: unknown): value is StatedFile {
  if (typeof value !== "object" || value === null) return false;
  const file = value as Record<string, unknown>;
  const { path, size, digest, portable, in: pack = 0, at = 0 } = file;
  return (
    typeof path === "string" &&
    isSize(size) &&
    typeof digest === "string" &&
    (portable === undefined || portable === false) &&
    isSize(pack) &&
    isSize(at) &&
    (file.in === undefined) === (file.at === undefined)
  );
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

// Checked by functions, which add less to the bundle than zod's own checks.
const size = /* @__PURE__ */ z.custom<number>(isSize);
const text = /* @__PURE__ */ z.custom<string>(
  (value) => typeof value === "string" && value.length > 0 && value.length <= 1000,
);
const description = /* @__PURE__ */ z.custom<string>(isDescription);
/** Readers ignore unknown members, because a later writer may add some without a new `v`. */
const schema = /* @__PURE__ */ z.object({
  v: /* @__PURE__ */ z.literal(1),
  name: text,
  version: size,
  digest: text,
  type: /* @__PURE__ */ z.optional(text),
  description: /* @__PURE__ */ z.optional(description),
  // Not checked here, because a schema of its keys would lose `__proto__`.
  metadata: /* @__PURE__ */ z.unknown(),
  dataset: /* @__PURE__ */ z.optional(/* @__PURE__ */ z.unknown()),
  createdAt: /* @__PURE__ */ z.number(),
  runId: /* @__PURE__ */ z.optional(text),
  single: /* @__PURE__ */ z.boolean(),
  packs: /* @__PURE__ */ z.optional(/* @__PURE__ */ z.array(/* @__PURE__ */ z.object({ digest: text, size }))),
  files: /* @__PURE__ */ z.custom<readonly StatedFile[]>((value) => Array.isArray(value) && value.every(isStatedFile)),
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
  const places = new PlaceParser(raw.packs ?? [], key);
  const files = raw.files.map((file): ManifestFile => {
    const { path, size: bytes, digest, portable = !odd.has(path) } = file;
    const hex = hexOf(digest, key);
    const place = places.parse(file, hex);
    return { path, size: bytes, hex, ...(!portable && { portable: false }), ...(place && { place }) };
  });
  const dataset = datasetOf(raw.dataset);
  const manifest: Manifest = {
    name,
    number,
    hex: hexOf(raw.digest, key),
    ...(raw.type === undefined ? {} : { type: raw.type }),
    ...(raw.description === undefined ? {} : { description: raw.description }),
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
    const { v, files, packs } = parsed as { v?: unknown; files?: unknown; packs?: unknown };
    if (typeof v === "number" && v > 1) {
      throw new LedgerError("FORMAT_TOO_NEW", `${key} was written by a later version of this library (v ${v})`, {
        key,
      });
    }
    if (Array.isArray(files) && files.length > MAX_FILES) throw corrupt(key, `lists more than ${MAX_FILES} files`);
    if (Array.isArray(packs) && packs.length > MAX_PACKS) throw corrupt(key, `lists more than ${MAX_PACKS} packs`);
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
