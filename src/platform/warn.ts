/**
 * Writes one line to the console, which is stderr in Node, Bun and Deno. The library makes no other output by itself.
 */
export function warn(text: string): void {
  console.warn(`runledger: ${text}`);
}
