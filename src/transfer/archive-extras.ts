import { versionPlace } from "./copy-version.ts";
import { isVersionTag } from "../artifacts/name.ts";
import { MAX_MANIFEST_BYTES } from "../artifacts/manifest.ts";
import { encodeSegment } from "../backend/key.ts";
import { isSha256Hex } from "../bytes/digest.ts";
import { ID_PATTERN } from "../journal/run-id.ts";
import { type ForkOrigin, MAX_ORIGINS } from "./fork-origins.ts";

/** What an archive says besides the list of its objects. */
export interface ArchiveExtras {
  /** The runs from which the run inherits points, the nearest first. */
  readonly origins: readonly ForkOrigin[];
  /** The manifests of versions that the run made and that were removed. */
  readonly removed: readonly { readonly key: string; readonly size: number; readonly hex: string }[];
  /** The aliases of versions that the run made. */
  readonly aliases: readonly { readonly name: string; readonly alias: string; readonly version: string }[];
}

/** Returns the members of the list that say it. What is empty is left out. */
export function encodeExtras({ origins, removed, aliases }: ArchiveExtras): { readonly [member: string]: unknown[] } {
  return {
    ...(origins.length > 0 && { origins: origins.map(({ run, hex }) => [run, hex ?? null]) }),
    ...(removed.length > 0 && { removed: removed.map(({ key, size, hex }) => [key, size, hex]) }),
    ...(aliases.length > 0 && { aliases: aliases.map(({ name, alias, version }) => [name, alias, version]) }),
  };
}

/** Returns what {@link encodeExtras} encoded, or `undefined` for anything else. */
export function decodeExtras(value: { readonly [member: string]: unknown }): ArchiveExtras | undefined {
  const { origins, removed, aliases } = value;
  const decoded = {
    origins: listOf(origins, ([run, hex]) =>
      isId(run) && (hex === null || isHex(hex)) ? { run, ...(hex !== null && { hex }) } : undefined,
    ),
    removed: listOf(removed, ([key, size, hex]) =>
      isManifest(key) && isSize(size) && isHex(hex) ? { key, size, hex } : undefined,
    ),
    aliases: listOf(aliases, ([name, alias, version]) =>
      isName(name, "name") && isName(alias, "alias") && isTag(version) ? { name, alias, version } : undefined,
    ),
  };
  const all = decoded.origins !== undefined && decoded.removed !== undefined && decoded.aliases !== undefined;
  return all && decoded.origins!.length <= MAX_ORIGINS ? (decoded as ArchiveExtras) : undefined;
}

function listOf<T>(value: unknown, decode: (row: readonly unknown[]) => T | undefined): T[] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return undefined;
  const found = value.map((row: unknown) => (Array.isArray(row) ? decode(row) : undefined));
  return found.includes(undefined) ? undefined : (found as T[]);
}

const isId = (value: unknown): value is string => typeof value === "string" && ID_PATTERN.test(value);
const isHex = (value: unknown): value is string => typeof value === "string" && isSha256Hex(value);
const isTag = (value: unknown): value is string => typeof value === "string" && isVersionTag(value);
const isManifest = (value: unknown): value is string => typeof value === "string" && versionPlace(value) !== undefined;
const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_MANIFEST_BYTES;

function isName(value: unknown, kind: "name" | "alias"): value is string {
  try {
    return typeof value === "string" && encodeSegment(value, kind) !== "";
  } catch {
    return false;
  }
}
