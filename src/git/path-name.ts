import { utf8Decoder } from "../bytes/utf8.ts";

/** Returns a path as text: as UTF-8, or in quotes with escapes of bytes, as git shows it. */
export function pathName(bytes: Uint8Array): string {
  try {
    return utf8Decoder({ fatal: true }).decode(bytes);
  } catch {
    let quoted = '"';
    for (const byte of bytes) {
      if (byte === 34 || byte === 92) quoted += `\\${String.fromCharCode(byte)}`;
      else if (byte >= 32 && byte < 127) quoted += String.fromCharCode(byte);
      else quoted += `\\${byte.toString(8).padStart(3, "0")}`;
    }
    return `${quoted}"`;
  }
}

/** Splits the output of a command with `-z` at its zero bytes. */
export function splitAtZero(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let at = bytes.indexOf(0); at !== -1; at = bytes.indexOf(0, from)) {
    parts.push(bytes.subarray(from, at));
    from = at + 1;
  }
  if (from < bytes.length) parts.push(bytes.subarray(from));
  return parts;
}

/** Sorts a list of things with a path, by the path. */
export function sortedByPath<T extends { readonly path: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
