/** What `#gunzip` is: `node.ts` where there is `node:zlib`, else `portable.ts`. */
export interface GunzipModule {
  /**
   * Inflates one gzip member to exactly `size` bytes, and never more. Throws an error of any kind if the member is damaged, its
   * checksum is wrong, or it holds more or less.
   */
  gunzip(member: Uint8Array, size: number): Uint8Array;
  /** One gzip member. Which bytes it is made of depends on the platform. */
  gzip(bytes: Uint8Array): Uint8Array;
}
