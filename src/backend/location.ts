/** Where another program finds an object, byte for byte as it was stored. Holds no secret: it may be shown and logged. */
export type ObjectLocation = FileLocation | S3Location;

export interface FileLocation {
  readonly kind: "file";
  /** Absolute path. */
  readonly path: string;
}

export interface S3Location {
  readonly kind: "s3";
  readonly bucket: string;
  /** Key in the bucket, the prefix of the backend included. */
  readonly key: string;
  readonly region: string;
  /** URL; absent for AWS itself. */
  readonly endpoint?: string | undefined;
  /** The bucket is part of the path, not of the host name. */
  readonly pathStyle: boolean;
  /** The keys to sign with now, `undefined` for anonymous access. They are secrets, and may end: ask again. */
  readonly credentials: (options?: { readonly signal?: AbortSignal | undefined }) => Promise<AccessKeys | undefined>;
}

export interface AccessKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}
