/** Writes one line where a person sees it: to stderr in Node, Bun and Deno. The only output that the library makes by itself. */
export function warn(text: string): void {
  console.warn(`runledger: ${text}`);
}
