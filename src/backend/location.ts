/** Where another program finds an object, byte for byte as it was stored. Holds no secret: it may be shown and logged. */
export type ObjectLocation = FileLocation | S3Location;

/** A file that other programs can read. */
export interface FileLocation {
  /** Marks a file. */
  readonly kind: "file";
  /** Absolute path. */
  readonly path: string;
}

/** An object in a bucket that other programs can read. */
export interface S3Location {
  /** Marks an object in a bucket. */
  readonly kind: "s3";
  /** The name of the bucket. */
  readonly bucket: string;
  /** Key in the bucket, the prefix of the backend included. */
  readonly key: string;
  /** The region to sign requests for. */
  readonly region: string;
  /** URL; absent for AWS itself. */
  readonly endpoint?: string | undefined;
  /** The bucket is part of the path, not of the host name. */
  readonly pathStyle: boolean;
  /** The keys to sign with now, `undefined` for anonymous access. They are secrets, and may end: ask again. */
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
