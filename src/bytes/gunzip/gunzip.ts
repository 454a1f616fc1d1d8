/** A gzip member and the number of bytes that it must hold. */
export interface Member {
  readonly gzip: Uint8Array;
  readonly size: number;
}

/** What `#gunzip` exports. It is `node.ts` if there is `node:zlib`, else `portable.ts`. */
export interface GunzipModule {
  /**
   * Inflates one gzip member to exactly `size` bytes, and never more. Throws an error of any kind if the member is
   * damaged, its checksum is wrong, or it holds more or fewer bytes. `isChecked` states that a checksum of the member's
   * bytes was right, so that the checksum of its content need not be computed.
   */
  gunzip(member: Uint8Array, size: number, isChecked?: boolean): Uint8Array;
  /** Inflates several members at once. The caller must have checked that each member ends with its size. */
  gunzipAll(members: readonly Member[]): Uint8Array[];
  /** Returns the bytes as a gzip member, uncompressed if `isStored`. The compressed bytes depend on the platform. */
  gzip(bytes: Uint8Array, isStored?: boolean): Uint8Array;
}
