/**
 * Returns the mode that `open` would give a file. Read rarely, because reading the umask changes it for a moment.
 */
export function finalMode(): number {
  try {
    return 0o666 & ~process.umask();
  } catch {
    return 0o600; // The runtime does not tell.
  }
}
