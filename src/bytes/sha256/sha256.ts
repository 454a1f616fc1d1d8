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
