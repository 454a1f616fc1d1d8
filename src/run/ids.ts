/**
 * Returns an id that is unique: lower-case letters and digits, `-` and `_`, at most 64 characters, the first a letter
 * or a digit.
 */
export type IdSource = (kind: "run" | "writer" | "artifact" | "blob" | "segment" | "records") => string;
