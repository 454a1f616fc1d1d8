import { formatDigest } from "../bytes/digest.ts";
import type { StoredVersion } from "./manifests.ts";

/** One version of an artifact, as plain data. A version never changes, except for its aliases. */
export interface ArtifactVersion {
  /** The name of the artifact. */
  readonly name: string;
  /** `v0`, `v1`, …, counted for each name. */
  readonly version: string;
  /**
   * `sha256:<64 hex digits>` of the content. For a directory, it is the digest of the listing: one line
   * `JSON.stringify([path, size, hex])` for each file, in the order of the UTF-8 bytes of the paths.
   */
  readonly digest: string;
  /** The number of bytes of all files together. */
  readonly size: number;
  /** The kind of thing that the artifact is: `model`, `dataset`, … */
  readonly type?: string | undefined;
  /** What the version is, for people. Runs do not record it. */
  readonly description?: string | undefined;
  /**
   * The names that point at this version, sorted, when it was read. `latest` is not among them. Empty if the backend
   * cannot list.
   */
  readonly aliases: readonly string[];
  /** The metadata that was given when it was logged. */
  readonly metadata: Record<string, unknown>;
  /** When it was logged, in ms since the epoch, by the clock of the writer. */
  readonly createdAt: number;
  /** The id of the run that logged it first. */
  readonly runId?: string | undefined;
  /** The object that lists its files. */
  readonly manifest: {
    /** Its key in the ledger. */
    readonly key: string;
    /** The number of its bytes. */
    readonly size: number;
    /** `sha256:<64 hex digits>` of its bytes. */
    readonly digest: string;
  };
}

/**
 * Names a version: `name` or `name:latest` (the newest), `name:v3`, `name:best` (an alias), `name@sha256:…`, or a
 * version that was read before.
 */
export type ArtifactRef =
  | string
  | (Pick<ArtifactVersion, "name" | "version" | "digest"> & {
      /** Where the version says its manifest is. With it the version is found without listing the others. */
      readonly manifest?: ArtifactVersion["manifest"] | undefined;
    });

/** Returns a stored version as users see it. `aliases` are all aliases of its name. */
export function toVersion(
  { tag, key, manifest, ...stored }: StoredVersion,
  aliases: ReadonlyMap<string, string>,
): ArtifactVersion {
  const { name, hex, type, description, metadata, createdAt, runId, files } = manifest;
  return {
    name,
    version: tag,
    digest: formatDigest(hex),
    size: files.reduce((total, file) => total + file.size, 0),
    ...(type === undefined ? {} : { type }),
    ...(description === undefined ? {} : { description }),
    aliases: [...aliases].filter(([, version]) => version === tag).map(([alias]) => alias),
    metadata,
    createdAt,
    ...(runId === undefined ? {} : { runId }),
    manifest: { key, size: stored.size, digest: stored.digest },
  };
}
