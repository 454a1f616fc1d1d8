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

/** A running SHA-256. */
export interface Sha256 {
  /** Takes the bytes in at once and keeps no reference to them. */
  update(bytes: Uint8Array): void;
  /** 64 lower-case hex digits. The hash cannot be used afterwards. */
  digestHex(): string;
}

/** What `load.ts` loads: `node.ts` where there is `node:crypto`, else `portable.ts`. */
export interface Sha256Module {
  createSha256(): Sha256;
  /** SHA-256 of bytes that are all there, by the fastest way of the platform. They must not change meanwhile. */
  sha256Hex(bytes: Uint8Array): Promise<string>;
}
