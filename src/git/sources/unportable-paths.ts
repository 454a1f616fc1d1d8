const MAX_NAMED = 5;
const DEVICE = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\.|$)/i;

/** Returns a line for the paths that some file systems cannot have, or cannot tell apart. */
export function unportablePaths(paths: readonly string[]): string[] {
  const folded = new Map<string, string>();
  const found: string[] = [];
  for (const path of paths) {
    const twin = folded.get(path.toLowerCase());
    folded.set(path.toLowerCase(), path);
    if (twin !== undefined || path.split("/").some((name) => /[<>:"|?*]|[. ]$/.test(name) || DEVICE.test(name)))
      found.push(path);
  }
  if (found.length === 0) return [];
  const more = found.length > MAX_NAMED ? `, and ${found.length - MAX_NAMED} more` : "";
  const names = found.slice(0, MAX_NAMED).join(", ");
  return [`names: ${found.length} in the archive are not possible everywhere: ${names}${more}`];
}
