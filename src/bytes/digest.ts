const HEX = /^[0-9a-f]{64}$/;

/** True for the 64 lower-case hex digits of a SHA-256. */
export function isSha256Hex(text: string): boolean {
  return HEX.test(text);
}

/** A digest as people and manifests see it: `sha256:<64 hex digits>`. */
export function formatDigest(hex: string): string {
  return `sha256:${hex}`;
}

/** Returns the hex digits of `sha256:<hex>`, or `undefined` for any other text. */
export function parseDigest(text: string): string | undefined {
  const hex = text.startsWith("sha256:") ? text.slice(7) : "";
  return HEX.test(hex) ? hex : undefined;
}
