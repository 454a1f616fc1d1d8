import { blobKey } from "../artifacts/blobs.ts";
import { MAX_MANIFEST_BYTES } from "../artifacts/manifest.ts";
import { assertKey } from "../backend/key.ts";
import { decodeChecked, withChecksum } from "../bytes/checked-json.ts";
import { crc32 } from "../bytes/crc32.ts";
import { isSha256Hex } from "../bytes/digest.ts";
import { parseJson } from "../bytes/parse-json.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { storedKind } from "../journal/inventory.ts";
import { runPrefix } from "../journal/run-created.ts";
import { ID_PATTERN } from "../journal/run-id.ts";
import { type ArchiveExtras, decodeExtras, encodeExtras } from "./archive-extras.ts";
import { versionPlace } from "./copy-version.ts";
import type { ZipFile } from "./zip-records.ts";

/** The first file of an archive. */
const CONTENTS_NAME = "runledger-archive.json";
/** The most objects of an archive. */
export const MAX_ARCHIVED = 200_000;
/** The most bytes of the list of what is in an archive. */
export const MAX_CONTENTS_BYTES: number = 64 * 1024 * 1024;
/** The most bytes of all objects together that are kept back until an archive was read. */
export const MAX_HELD_BYTES: number = 256 * 1024 * 1024;

/** An object in an archive. */
export interface ArchivedObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256. */
  readonly hex: string;
}

/** What is in an archive. */
export interface ArchiveContents extends ArchiveExtras {
  readonly run: string;
  /** In ascending order of the keys, by code units. */
  readonly objects: readonly ArchivedObject[];
}

/** Returns the first file of an archive. Its header says how long it is. */
export function contentsFile(bytes: Uint8Array): ZipFile {
  return { name: CONTENTS_NAME, size: bytes.length, crc: crc32(bytes) };
}

/** The bytes of the header of {@link contentsFile}. */
export const CONTENTS_HEADER_BYTES: number = 30 + CONTENTS_NAME.length;
/** Where the size stands in that header. */
export const CONTENTS_SIZE_AT = 18;

/** Returns the list of what is in an archive: its first file. */
export function encodeContents({ run, objects, ...extras }: ArchiveContents): Uint8Array {
  const lines = objects.map(({ key, size, hex }) => JSON.stringify([key, size, hex]));
  const head = JSON.stringify({ format: "runledger-archive", v: 1, run, ...encodeExtras(extras) });
  return withChecksum(`${head.slice(0, -1)},"objects":[\n${lines.join(",\n")}\n]}\n`);
}

/**
 * Returns what the list says, which may come from anybody. Throws `FORMAT_TOO_NEW`, and `CORRUPT` unless each key is one
 * of the run, of a version of an artifact or of a blob, and stands there once.
 */
export function decodeContents(bytes: Uint8Array): ArchiveContents {
  let value: unknown;
  try {
    value = decodeChecked(bytes, (text) => parseJson(text, { chars: MAX_CONTENTS_BYTES, values: 5 * MAX_ARCHIVED }));
  } catch (cause) {
    throw damaged("its list of objects is damaged", cause);
  }
  const { format, v, run, objects } = (value ?? {}) as { [member: string]: unknown };
  if (format !== "runledger-archive") throw damaged("it is not the archive of a run");
  if (typeof v === "number" && v > 1)
    throw new LedgerError("FORMAT_TOO_NEW", `the archive is of version ${v}; this library reads version 1`);
  if (v !== 1 || typeof run !== "string" || !ID_PATTERN.test(run) || !Array.isArray(objects))
    throw damaged("its list of objects is not one");
  if (objects.length > MAX_ARCHIVED) throw damaged(`it lists more than ${MAX_ARCHIVED} objects`);
  let last = "";
  let held = 0;
  let total = 0;
  const listed = objects.map((each: unknown): ArchivedObject => {
    const [key, size, hex] = Array.isArray(each) ? (each as unknown[]) : [];
    if (typeof key !== "string" || !Number.isSafeInteger(size) || (size as number) < 0)
      throw damaged("its list of objects is not one");
    const object = { key, size: size as number, hex: typeof hex === "string" ? hex : "" };
    if (!isSha256Hex(object.hex) || !isArchivable(object, run))
      throw damaged(`it lists ${JSON.stringify(key.slice(0, 100))}, which no archive of run ${run} has`);
    if (key <= last) throw damaged(`it lists ${key} twice, or in the wrong place`);
    last = key;
    total += object.size;
    if (isHeld(key, run)) held += object.size;
    return object;
  });
  if (held > MAX_HELD_BYTES || !Number.isSafeInteger(total)) throw damaged("it lists impossible sizes");
  const keys = new Set(listed.map(({ key }) => key));
  const extras = decodeExtras(value as { [member: string]: unknown });
  if (extras === undefined || extras.removed.some(({ key }) => keys.has(key)))
    throw damaged("its list of origins, removed versions or aliases is not one");
  return { run, objects: listed, ...extras };
}

/** Returns whether an object can be in an archive: the key is one that the format gives to an object of this kind. */
function isArchivable({ key, size, hex }: ArchivedObject, run: string): boolean {
  try {
    assertKey(key);
  } catch {
    return false;
  }
  if (key.startsWith("blobs/")) return key === blobKey(hex);
  if (key.startsWith("artifacts/")) return versionPlace(key) !== undefined && size <= MAX_MANIFEST_BYTES;
  const below = `${runPrefix(run)}/`;
  return key.startsWith(below) && storedKind(key.slice(below.length)) !== undefined;
}

/** Returns whether an object would make something visible, so that it is stored last. */
export function isHeld(key: string, run: string): boolean {
  if (key.startsWith("artifacts/")) return true;
  const kind = key.startsWith("runs/") ? storedKind(key.slice(runPrefix(run).length + 1)) : undefined;
  return kind !== undefined && ["beginning", "document", "lifecycle", "sealing", "seal"].includes(kind);
}

/** Returns the error for an archive that is not what `exportRun` made. */
export function damaged(why: string, cause?: unknown): LedgerError {
  return new LedgerError("CORRUPT", `the archive cannot be imported: ${why}`, { field: "source", cause });
}
