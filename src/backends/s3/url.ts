import { LedgerError, invalidArgument } from "../../errors/ledger-error.ts";

/** The address of a bucket, as the options state it. */
export interface Address {
  /** `undefined` for AWS itself, whose host depends on the region. */
  readonly endpoint: URL | undefined;
  readonly bucket: string;
  readonly pathStyle: boolean;
}

const AWS_HOST = /^s3(?:[.-]([a-z0-9-]+))?\.amazonaws\.com(?:\.cn)?$/;

/**
 * Checks an endpoint and a bucket name, and chooses the addressing: path style for custom endpoints, virtual host for
 * AWS, except for bucket names with dots, which no TLS certificate covers. `region` is the one that the endpoint's host
 * states.
 */
export function address(
  endpoint: string | undefined,
  bucket: string,
  forcePathStyle: boolean | undefined,
  allowInsecure: boolean,
): Address & { readonly region: string | undefined } {
  if (typeof bucket !== "string") throw invalidArgument("bucket", "a string", bucket);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(bucket) || bucket.includes("..")) {
    const advice = /^s3:/i.test(bucket) ? "; write { bucket, prefix } without s3://" : "";
    throw new LedgerError(
      "INVALID_ARGUMENT",
      `bucket is not a valid bucket name: ${JSON.stringify(bucket.slice(0, 80))}${advice}`,
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
  if (!pathStyle && url !== undefined && !isHost(`${bucket}.${url.host}`)) {
    const message = `the bucket cannot be part of the host name ${url.host}: set forcePathStyle: true, or leave it out`;
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "forcePathStyle", received: "boolean" });
  }
  const region = aws?.[1] ?? (url?.hostname.endsWith(".r2.cloudflarestorage.com") === true ? "auto" : undefined);
  return { endpoint: aws === null ? url : undefined, bucket, pathStyle, region };
}

/** Returns whether the text can be the host of a URL. A name in front of an IP address cannot. */
function isHost(host: string): boolean {
  try {
    return new URL(`https://${host}`).host !== "";
  } catch {
    return false;
  }
}

function parseEndpoint(endpoint: string, allowInsecure: boolean): URL {
  const bad = (why: string): LedgerError =>
    new LedgerError("INVALID_ARGUMENT", `endpoint ${why}`, { field: "endpoint", received: "string" });
  if (typeof endpoint !== "string") throw invalidArgument("endpoint", "a string", endpoint);
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    throw bad("is not a URL: write it like https://s3.example.com");
  }
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw bad("must begin with https:// (or http:// for this machine and private networks)");
  if (url.username !== "" || url.password !== "") throw bad("must not contain a user or password: use credentials");
  if (url.search !== "" || url.hash !== "") throw bad("must not contain a query or a fragment");
  if (!/^[A-Za-z0-9._~/-]*$/.test(url.pathname)) throw bad("must have a path of letters, digits and . _ ~ / -");
  if (url.protocol === "http:" && !allowInsecure && !isNear(url.hostname)) {
    throw bad(
      `is http://, so anybody on the way to ${JSON.stringify(url.hostname)} could read the data. Use https://, or ` +
        "set allowInsecure: true if the name leads to this machine or a private network",
    );
  }
  return url;
}

/**
 * Returns whether a host must be this machine or one of a private network, by its address or by a name that no public
 * host has.
 */
function isNear(host: string): boolean {
  if (host.startsWith("[")) return /^\[(?:::1|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/.test(host);
  if (/^\d+(?:\.\d+){3}$/.test(host)) return /^(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))\./.test(host);
  // A single word, as in `http://minio:9000`, is the name of a container or of a machine in the same network.
  return /(?:^|\.)(?:localhost|local|internal|lan|home\.arpa|svc|test)$/.test(host) || !host.includes(".");
}

/** Returns the URL of an object in a region, or that of the bucket for the empty key. */
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

// Also encodes the characters that a signature requires encoded but encodeURIComponent leaves as they are.
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
