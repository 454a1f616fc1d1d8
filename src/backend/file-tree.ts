import type { CallOptions } from "./backend.ts";

/** One file to be read. It can be opened any number of times. */
export interface SourceFile {
  /** Relative, `/`-separated. */
  readonly path: string;
  /** Bytes. A file that turns out to have another size when read is an error. */
  readonly size: number;
  /** The bytes, from the beginning, in chunks of at most a few MiB. */
  open(options?: CallOptions): AsyncIterable<Uint8Array>;
}

/** Options of `files` of a tree. */
export interface FileTreeOptions extends CallOptions {
  /** Gets the path of each link or special file that is left out, if the tree has no listener of its own for them. */
  readonly onSkip?: ((path: string) => void) | undefined;
}

/** A file or a whole directory outside the ledger, as `fromPath` of `runledger/backends/fs` describes it. */
export interface FileTree {
  /** Marks a tree of files, also across copies of the library. */
  readonly kind: "runledger.files";
  /** True for one file, false for a directory. */
  readonly single: boolean;
  /** Every file, in ascending code-unit order of the path. */
  files(options?: FileTreeOptions): AsyncIterable<SourceFile>;
}
