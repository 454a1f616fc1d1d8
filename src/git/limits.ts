/** The most untracked files that are recorded by name. */
export const MAX_UNTRACKED = 10_000;
/** The most changed files that are recorded by name. */
export const MAX_CHANGES = 10_000;
/** Files beyond this size, in bytes, are not compared line by line. */
export const MAX_COMPARED_FILE: number = 32 * 1024 * 1024;
/** How many files are looked at together. */
export const PARALLEL_FILES = 16;
/** Larger files, in bytes, are not read into memory. */
export const MAX_READ_FILE: number = 512 * 1024 * 1024;
/** The most bytes of a path in a repository. The engines of JavaScript hash much longer strings by their length only. */
export const MAX_PATH_BYTES = 4096;
/** The most bytes of all paths of an index, or of a commit. */
export const MAX_PATHS_BYTES: number = 64 * 1024 * 1024;
/** The most bytes of files that are read together to compare them. A larger file is read alone. */
export const MAX_BYTES_IN_FLIGHT: number = 64 * 1024 * 1024;
/** Settings of a repository beyond this size, in bytes, are not read. */
export const MAX_CONFIG_BYTES: number = 1024 * 1024;
