import type { CallOptions } from "./backend.ts";

/** What a file system says of a file, to notice whether the file has changed. */
export interface FileState {
  /** Another text once the file was written to, unless that happened right after `id` was read. */
  readonly id: string;
  /** True if each later write to the file is sure to change `id`. */
  readonly settled: boolean;
}

/** A file to be read. It can be opened any number of times. */
export interface SourceFile {
  /** The path in the tree: relative and `/`-separated. */
  readonly path: string;
  /** Bytes. If the file has another size when it is read, that is an error. */
  readonly size: number;
  /** Yields the bytes from the beginning, in chunks of at most a few MiB. */
  open(options?: CallOptions): AsyncIterable<Uint8Array>;
  /**
   * Returns the bytes of a small file at once, or `undefined` if `open` is the better way now. The bytes are valid until
   * the next call for any file of the tree. Optional: reading 10,000 small files one promise after another takes long.
   */
  readNow?(): Uint8Array | undefined;
  /** The state of the file when it was listed. A ledger does not read a file again whose state it knows. */
  readonly state?: FileState | undefined;
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
