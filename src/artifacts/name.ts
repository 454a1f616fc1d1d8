import { LedgerError, describeType, invalidArgument, reading } from "../errors/ledger-error.ts";
import { encodeSegment, isDeviceName } from "../backend/key.ts";
import { parseDigest } from "../bytes/digest.ts";
import type { ArtifactRef, ArtifactVersion } from "./version.ts";

/** The alias that always means the newest version and cannot be set. */
export const LATEST = "latest";
const MAX_TYPE_CHARS = 200;

/**
 * Returns the name of an artifact as it is stored, in normal form C. Throws `INVALID_ARGUMENT` unless it is a string
 * that can be a key segment and contains neither `:` nor `@`, which end the name in a reference. `/` groups names.
 * Refuses `.`, `..`, empty parts, backslashes and Windows device names, because programs make files and directories
 * from names.
 */
export function toArtifactName(name: string, field = "name"): string {
  encodeSegment(name, field);
  if (name.includes("\\")) throw badName(field, name, 'must not contain a backslash: use "/" to group artifacts');
  for (const part of name.split("/")) {
    if (part === "") throw badName(field, name, "must not begin or end with a slash, or contain an empty part");
    if (part === "." || part === "..") throw badName(field, name, `must not contain the part "${part}"`);
    if (isDeviceName(part))
      throw badName(field, name, `must not contain the Windows device name ${JSON.stringify(part)}`);
  }
  if (/[:@]/.test(name))
    throw badName(field, name, 'must not contain ":" or "@": they end the name in a reference such as "model:v3"');
  return name.normalize("NFC");
}

/**
 * Returns an alias as it is stored. Throws `INVALID_ARGUMENT` for what cannot be a key segment, for `:` and `@`, for
 * `latest`, and for what looks like a version (`v3`).
 */
export function toAlias(alias: string, field = "alias"): string {
  encodeSegment(alias, field);
  if (/[:@]/.test(alias)) throw badName(field, alias, 'must not contain ":" or "@"');
  if (alias === LATEST) throw badName(field, alias, 'must not be "latest", which always means the newest version');
  if (/^v\d+(?:\..*)?$/i.test(alias)) {
    const tag = alias.toLowerCase();
    const meant = tag !== alias && isVersionTag(tag) ? `; did you mean ${JSON.stringify(tag)}?` : "";
    throw badName(
      field,
      alias,
      `is ${JSON.stringify(alias.slice(0, 80))}, which no alias may be: such names are versions (v0, v1, …)${meant}`,
    );
  }
  return alias.normalize("NFC");
}

/** Returns the type of an artifact. Throws `INVALID_ARGUMENT` unless it is a short string. */
export function toArtifactType(type: string, field = "type"): string {
  if (typeof type !== "string") throw invalidArgument(field, "a string", type);
  if (type === "" || type.length > MAX_TYPE_CHARS)
    throw badName(field, type, `must have 1 to ${MAX_TYPE_CHARS} characters`);
  return type;
}

/** The parts of a reference. `hex` is the SHA-256 that it names, `key` the key that its manifest is said to have. */
export type ParsedRef =
  | { readonly name: string; readonly by: "latest" }
  | {
      readonly name: string;
      readonly by: "version";
      readonly version: string;
      readonly hex?: string;
      readonly key?: string;
    }
  | { readonly name: string; readonly by: "alias"; readonly alias: string }
  | { readonly name: string; readonly by: "digest"; readonly hex: string };

/** Parses a reference. Throws `INVALID_ARGUMENT` if it is invalid. */
export function parseRef(ref: ArtifactRef, field = "ref"): ParsedRef {
  if (typeof ref === "string") return parseRefText(ref, field);
  if (typeof ref !== "object" || ref === null) throw noReference(field, ref);
  const { name, version, digest, manifest } = reading(field, () => ({ ...ref }));
  if (typeof version !== "string" || typeof digest !== "string") throw noReference(field, ref);
  const hex = parseDigest(digest);
  if (hex === undefined) throw badName(`${field}.digest`, digest, 'must be "sha256:" and 64 lower-case hex digits');
  const key: unknown = reading(field, () => manifest?.key);
  return {
    name: toArtifactName(name, `${field}.name`),
    by: "version",
    version,
    hex,
    ...(typeof key === "string" && { key }),
  };
}

/**
 * Returns a reference to a version of an artifact that is given by its tag, its number, an alias, or as it was read
 * before.
 */
export function versionRef(name: string, version: string | number | ArtifactVersion): ParsedRef {
  if (typeof version === "number" && Number.isSafeInteger(version) && version >= 0)
    return parseRef(`${name}:v${version}`, "version");
  if (typeof version === "string") return parseRef(`${name}:${version}`, "version");
  if (typeof version !== "object" || version === null)
    throw invalidArgument("version", 'a version such as "v3"', version);
  if (toArtifactName(version.name, "version.name") === name) return parseRef(version, "version");
  throw new LedgerError(
    "INVALID_ARGUMENT",
    `version belongs to ${JSON.stringify(version.name)}, not to ${JSON.stringify(name)}`,
    {
      field: "version",
      received: describeType(version),
    },
  );
}

function noReference(field: string, ref: unknown): LedgerError {
  return invalidArgument(field, 'a reference such as "model:v3" or an ArtifactVersion', ref);
}

function parseRefText(ref: string, field: string): ParsedRef {
  const at = ref.search(/[:@]/);
  if (at === -1) return { name: toArtifactName(ref, field), by: "latest" };
  const name = toArtifactName(ref.slice(0, at), field);
  const rest = ref.slice(at + 1);
  if (ref[at] === "@") {
    const hex = parseDigest(rest);
    if (hex === undefined) throw badName(field, ref, 'must have "sha256:" and 64 lower-case hex digits after the "@"');
    return { name, by: "digest", hex };
  }
  if (rest === LATEST) return { name, by: "latest" };
  return isVersionTag(rest)
    ? { name, by: "version", version: rest }
    : { name, by: "alias", alias: toAlias(rest, field) };
}

/**
 * Returns true for `v3`, and for `v3.<id>`, the tag of a version that shares its number on a store without exclusive
 * creates.
 */
export function isVersionTag(text: string): boolean {
  return /^v(?:0|[1-9]\d{0,7})(?:\.[0-9a-z]{1,64})?$/.test(text);
}

function badName(field: string, value: unknown, what: string): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `${field} ${what}`, { field, received: typeof value });
}
