/** Makes ids that nobody else makes: lower-case letters and digits, `-` and `_`, at most 64, beginning with a letter or digit. */
export type IdSource = (kind: "run" | "writer" | "artifact" | "blob" | "segment") => string;

/** What every id looks like: safe in keys, URLs and on filesystems that fold case. */
export const ID_PATTERN: RegExp = /^[0-9a-z][0-9a-z_-]{0,63}$/;
