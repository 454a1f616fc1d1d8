/**
 * Where another program finds an object, byte for byte as it was stored. It holds no secret and may be shown and
 * logged.
 */
export type ObjectLocation = FileLocation | S3Location;

/** A file that other programs can read. */
export interface FileLocation {
  /** Marks a file. */
  readonly kind: "file";
  /** The absolute path of the file. */
  readonly path: string;
}

/** An object in a bucket that other programs can read. */
export interface S3Location {
  /** Marks an object in a bucket. */
  readonly kind: "s3";
  /** The name of the bucket. */
  readonly bucket: string;
  /** The key in the bucket, with the prefix of the backend. */
  readonly key: string;
  /** The region to sign requests for. */
  readonly region: string;
  /** The URL of the store. Absent for AWS. */
  readonly endpoint?: string | undefined;
  /** Whether the bucket is part of the path instead of the host name. */
  readonly pathStyle: boolean;
  /**
   * Returns the keys to sign with now, or `undefined` for anonymous access. They are secrets and may expire: call it
   * again.
   */
  readonly credentials: (options?: {
    /** Aborting it rejects the call. */
    readonly signal?: AbortSignal | undefined;
  }) => Promise<AccessKeys | undefined>;
}

/** Keys that sign requests to a bucket. They are secrets. */
export interface AccessKeys {
  /** The id of the key. It may appear in logs of the store. */
  readonly accessKeyId: string;
  /** The secret that belongs to the id. */
  readonly secretAccessKey: string;
  /** The token of temporary keys. */
  readonly sessionToken?: string | undefined;
}
