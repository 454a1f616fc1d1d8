/** The entries that `require` can load where ES modules cannot be required: what tests of programs need. */
export const COMMONJS_ENTRIES: readonly string[] = [
  "index",
  "backend/index",
  "backends/memory/index",
  "compare/index",
  "testing/index",
  "where/index",
];
