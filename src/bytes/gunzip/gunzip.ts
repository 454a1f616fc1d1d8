/** A gzip member and how many bytes it has to hold. */
export interface Member {
  readonly gzip: Uint8Array;
  readonly size: number;
}

/** What `#gunzip` is: `node.ts` where there is `node:zlib`, else `portable.ts`. */
export interface GunzipModule {
  /**
   * Inflates one gzip member to exactly `size` bytes, and never more. Throws an error of any kind if the member is damaged, its
   * checksum is wrong, or it holds more or less. `isChecked`: its bytes are known to be those that were written, by a checksum of their
   * own, so that of what they hold need not be reckoned.
   */
  gunzip(member: Uint8Array, size: number, isChecked?: boolean): Uint8Array;
  /** Inflates several at once. Each member ends with the size that it has, which the caller has compared. */
  gunzipAll(members: readonly Member[]): Uint8Array[];
  /** One gzip member, which holds the bytes as they are if `isStored`. Which bytes it is made of depends on the platform. */
  gzip(bytes: Uint8Array, isStored?: boolean): Uint8Array;
}
