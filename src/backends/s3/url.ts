import { LedgerError, invalidArgument } from "../../errors/ledger-error.ts";

/** Where a bucket is, as the options say. */
export interface Address {
  /** `undefined` for AWS itself, whose host follows from the region. */
  readonly endpoint: URL | undefined;
  readonly bucket: string;
  readonly pathStyle: boolean;
}

const AWS_HOST = /^s3(?:[.-]([a-z0-9-]+))?\.amazonaws\.com(?:\.cn)?$/;

/**
 * Checks an endpoint and a bucket name and settles the addressing: path style for custom endpoints, virtual host for AWS
 * (but not for bucket names with dots, which no TLS certificate covers). `region` is what the endpoint's host tells.
 */
export function address(
  endpoint: string | undefined,
  bucket: string,
  forcePathStyle: boolean | undefined,
  allowInsecure: boolean,
): Address & { readonly region: string | undefined } {
  if (typeof bucket !== "string") throw invalidArgument("bucket", "a string", bucket);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(bucket) || bucket.includes("..")) {
    throw new LedgerError(
      "INVALID_ARGUMENT",
      `bucket is no valid bucket name: ${JSON.stringify(bucket.slice(0, 80))}`,
      {
        field: "bucket",
        received: "string",
      },
    );
  }
  const url = endpoint === undefined ? undefined : parseEndpoint(endpoint, allowInsecure);
  const aws = url === undefined ? null : AWS_HOST.exec(url.hostname);
  const isAws =
    url === undefined || url.hostname.endsWith(".amazonaws.com") || url.hostname.endsWith(".amazonaws.com.cn");
  const pathStyle = forcePathStyle ?? (!isAws || bucket.includes("."));
  if (!pathStyle && !/^[a-z0-9.-]+$/.test(bucket)) {
    throw new LedgerError(
      "INVALID_ARGUMENT",
      "bucket must be lower case without underscores to be part of a host name",
      {
        field: "bucket",
        received: "string",
      },
    );
  }
  const region = aws?.[1] ?? (url?.hostname.endsWith(".r2.cloudflarestorage.com") === true ? "auto" : undefined);
  return { endpoint: aws === null ? url : undefined, bucket, pathStyle, region };
}

function parseEndpoint(endpoint: string, allowInsecure: boolean): URL {
  const bad = (why: string): LedgerError =>
    new LedgerError("INVALID_ARGUMENT", `endpoint ${why}`, { field: "endpoint", received: "string" });
  if (typeof endpoint !== "string") throw invalidArgument("endpoint", "a string", endpoint);
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    throw bad("is no URL: write it like https://s3.example.com");
  }
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw bad("must begin with https:// (or http:// for this machine and private networks)");
  if (url.username !== "" || url.password !== "") throw bad("must not hold a user name or password: use credentials");
  if (url.search !== "" || url.hash !== "") throw bad("must not hold a query or a fragment");
  if (!/^[A-Za-z0-9._~/-]*$/.test(url.pathname))
    throw bad("has a path with characters other than letters, digits and . _ ~ / -");
  if (url.protocol === "http:" && !allowInsecure && !isNear(url.hostname)) {
    throw bad(
      `is http:// and ${JSON.stringify(url.hostname)} may be anywhere: data would travel readable by all. Use https://; or, if the name leads to this machine or a private network, set allowInsecure: true`,
    );
  }
  return url;
}

/** Whether a host can only be this machine, or one of a private network: by its address, or by a name that no public one has. */
function isNear(host: string): boolean {
  if (host.startsWith("[")) return /^\[(?:::1|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/.test(host);
  if (/^\d+(?:\.\d+){3}$/.test(host)) return /^(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))\./.test(host);
  // One word, as in `http://minio:9000`, is the name of a container or of a machine near by.
  return /(?:^|\.)(?:localhost|local|internal|lan|home\.arpa|svc|test)$/.test(host) || !host.includes(".");
}

/** The URL of an object, or of the bucket for the empty key, in a region. */
export function objectUrl(
  at: Address,
  region: string,
  key: string,
  query: Readonly<Record<string, string>> = {},
): string {
  const root = at.endpoint ?? new URL(`https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`);
  const base = root.pathname.replace(/\/+$/, "");
  const host = at.pathStyle ? root.host : `${at.bucket}.${root.host}`;
  const inBucket = key.split("/").map(encode).join("/");
  const path = at.pathStyle ? `${base}/${encode(at.bucket)}${key === "" ? "" : `/${inBucket}`}` : `${base}/${inBucket}`;
  const pairs = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return `${root.protocol}//${host}${path}${pairs.length === 0 ? "" : `?${pairs.join("&")}`}`;
}

// What encodeURIComponent leaves bare but a signature wants encoded. A bare `+` would be signed as a space.
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
