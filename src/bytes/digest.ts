const HEX = /^[0-9a-f]{64}$/;

/** Returns whether the text is the 64 lower-case hex digits of a SHA-256. */
export function isSha256Hex(text: string): boolean {
  return HEX.test(text);
}

/** Returns a digest in the form that users and manifests see: `sha256:<64 hex digits>`. */
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
  /** Hashes the bytes at once and keeps no reference to them. */
  update(bytes: Uint8Array): void;
  /** Returns 64 lower-case hex digits. The hash cannot be used afterwards. */
  digestHex(): string;
}

/** An implementation of SHA-256. */
export interface Sha256Module {
  createSha256(): Sha256;
  /**
   * Returns the SHA-256 of bytes that are all in memory, in the platform's fastest way. They must not change in the
   * meantime.
   */
  sha256Hex(bytes: Uint8Array): Promise<string>;
}
