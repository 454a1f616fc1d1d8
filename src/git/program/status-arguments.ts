/** The call of git that lists changes, without looking into submodules or for renames. */
export const STATUS: readonly string[] = [
  "status",
  "--porcelain=v2",
  "--branch",
  "-z",
  "--no-renames",
  "--no-ahead-behind",
  // Otherwise git looks into submodules with their own settings and filters.
  "--ignore-submodules=dirty",
];
