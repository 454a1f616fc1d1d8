import type { CallOptions } from "../../backend/backend.ts";

/** How far a call of `saveTo` has come. */
export interface SaveProgress {
  /** The number of bytes that are in the directory so far, those included that were there before. */
  readonly bytes: number;
  /** Bytes in all. */
  readonly total: number;
}

/** Options of `saveTo`. */
export interface SaveToOptions {
  /**
   * Whether to replace a file of the directory that has other bytes than the one of the artifact with this path. Default
   * `false`: then nothing is written if there is one.
   */
  readonly overwrite?: boolean | undefined;
  /** Called when bytes are there. `bytes` never decreases. */
  readonly onProgress?: ((progress: SaveProgress) => void) | undefined;
  /** Aborting it rejects the call. Files that are complete by then stay. */
  readonly signal?: AbortSignal | undefined;
}

/** One file of what `saveTo` saves. */
export interface SavableFile {
  /** Relative and `/`-separated. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** `sha256:<64 hex digits>` of the content. */
  readonly digest: string;
  /** `false` if some systems cannot hold the path, or would put it in the place of another. */
  readonly portable?: false;
}

/** What `saveTo` saves: what `ledger.openArtifact` returns. */
export interface SavableArtifact {
  /** Yields every file, each once: with `order: "stored"` in the order in which reading takes the fewest requests. */
  files(options?: {
    /** The order of the files. Default `"path"`. */
    readonly order?: "path" | "stored" | undefined;
  }): AsyncIterable<SavableFile>;
  /** Returns the bytes of a file, after checking their digest. */
  read(path: string, options?: CallOptions): Promise<Uint8Array>;
  /** Returns a file as a stream, which fails instead of ending if the bytes do not have the digest. */
  stream(path: string, options?: CallOptions): ReadableStream<Uint8Array>;
}
