import type { CallOptions } from "./backend.ts";

/** A file to be read. It can be opened any number of times. */
export interface SourceFile {
  /** The path in the tree: relative and `/`-separated. */
  readonly path: string;
  /** Bytes. If the file has another size when it is read, that is an error. */
  readonly size: number;
  /** Yields the bytes from the beginning, in chunks of at most a few MiB. */
  open(options?: CallOptions): AsyncIterable<Uint8Array>;
}

/** Options of `files` of a tree. */
export interface FileTreeOptions extends CallOptions {
  /**
   * Called with the path of each link or special file that is left out, if the tree has no listener of its own for
   * them.
   */
  readonly onSkip?: ((path: string) => void) | undefined;
}

/** A file or a whole directory outside the ledger. `fromPath` of `runledger/backends/fs` makes one. */
export interface FileTree {
  /** Marks a tree of files, also across copies of the library. */
  readonly kind: "runledger.files";
  /** True for one file, false for a directory. */
  readonly single: boolean;
  /**
   * Where it is, as the caller named it: a path or a `file:` URL. `logDataset` records it, unless it looks like a secret.
   */
  readonly path?: string | undefined;
  /** Yields every file, in ascending code-unit order of the path. */
  files(options?: FileTreeOptions): AsyncIterable<SourceFile>;
}
