/** Makes ids that nobody else makes: lower-case letters and digits, `-` and `_`, at most 64, beginning with a letter or digit. */
export type IdSource = (kind: "run" | "writer" | "artifact" | "blob" | "segment" | "records") => string;
