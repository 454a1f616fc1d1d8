import { AwsV4Signer } from "aws4fetch";
import { type OptionNames, readOptions } from "../../arguments/options.ts";
import { invalidArgument, LedgerError, reading } from "../../errors/ledger-error.ts";
import { CredentialHolder } from "./credentials.ts";
import { resolveCredentials, resolveOptions, type S3BackendOptions } from "./options.ts";
import { amzDate } from "./sign.ts";
import type { S3SignRequest } from "./signed-request.ts";
import { objectUrl } from "./url.ts";

/** Options of `s3Presigner`. Those that `s3Backend` has, too, mean the same. */
export interface S3PresignerOptions extends Pick<
  S3BackendOptions,
  "bucket" | "prefix" | "endpoint" | "region" | "credentials" | "forcePathStyle" | "allowInsecure" | "clock"
> {
  /** How long a URL is valid, in seconds, up to 604,800. Default 60. */
  readonly expiresInSeconds?: number | undefined;
  /** Whether only requests that read are signed. Default `false`. */
  readonly readOnly?: boolean | undefined;
}

const NAMES: OptionNames<S3PresignerOptions> = {
  bucket: true,
  prefix: true,
  endpoint: true,
  region: true,
  credentials: true,
  forcePathStyle: true,
  allowInsecure: true,
  clock: true,
  expiresInSeconds: true,
  readOnly: true,
};
const WEEK_SECONDS = 604_800;

/**
 * Returns a function for a server that holds the keys: it returns a signed URL for one request that the option `sign`
 * of `s3Backend` was called with. The request may come from anybody who may use the server, so the function signs only
 * what a ledger under `prefix` needs, and rejects with `PERMISSION_DENIED` for anything else. Who may ask is for the
 * server to check.
 */
export function s3Presigner(options: S3PresignerOptions): (request: S3SignRequest) => Promise<{
  /** The URL. It is a secret until it expires. */
  readonly url: string;
  /** The headers to send. */
  readonly headers: Readonly<Record<string, string>>;
}> {
  const { expiresInSeconds = 60, readOnly = false, ...rest } = readOptions("s3Presigner", options, NAMES);
  if (!Number.isSafeInteger(expiresInSeconds) || expiresInSeconds < 1 || expiresInSeconds > WEEK_SECONDS)
    throw invalidArgument("expiresInSeconds", `a whole number from 1 to ${WEEK_SECONDS}`, expiresInSeconds);
  if (typeof readOnly !== "boolean") throw invalidArgument("readOnly", "a boolean", readOnly);
  const settings = resolveOptions(rest);
  const { address, base, region, clock } = settings;
  const credentials = new CredentialHolder(resolveCredentials(rest), clock);
  return async (request) => {
    const { method, key, query, headers } = reading("request", () => allowed(request, base, readOnly));
    const keys = await credentials.get(undefined);
    const url = objectUrl(address, region, key, { ...query, "X-Amz-Expires": String(expiresInSeconds) });
    if (keys === undefined) return { url: objectUrl(address, region, key, query), headers };
    const signer = new AwsV4Signer({
      method,
      url,
      // A range may be sent without a signature, and decides nothing.
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "range")),
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey,
      ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
      service: "s3",
      region,
      datetime: amzDate(clock.now()),
      cache: keys.signingKeys,
      signQuery: true,
      allHeaders: true,
    });
    return { url: (await signer.sign()).url.href, headers };
  };
}

/** The queries of a request for an object, by method. `*` stands for any value. */
const QUERIES: Readonly<Record<string, readonly (readonly [name: string, value: string][])[]>> = {
  GET: [[]],
  PUT: [
    [],
    [
      ["partNumber", "*"],
      ["uploadId", "*"],
    ],
  ],
  POST: [[["uploads", ""]], [["uploadId", "*"]]],
  DELETE: [[], [["uploadId", "*"]]],
};
const LISTING = ["list-type", "encoding-type", "prefix", "start-after", "continuation-token", "max-keys"];
const HEADERS: Readonly<Record<string, RegExp>> = {
  "content-type": /^(?:application\/(?:octet-stream|xml))$/,
  "if-none-match": /^\*$/,
  range: /^bytes=\d{1,16}-\d{0,16}$/,
};

/** Returns a copy of the request. Throws `PERMISSION_DENIED` if a ledger does not need it. */
function allowed(given: S3SignRequest, base: string, readOnly: boolean): S3SignRequest {
  const { method, key } = given;
  const query = texts(given.query);
  const headers = texts(given.headers);
  const refuse = (what: string): never => {
    throw new LedgerError("PERMISSION_DENIED", `${what} is not signed: no ledger needs it here`, {
      operation: "sign",
      field: "request",
    });
  };
  if (typeof method !== "string" || !Object.hasOwn(QUERIES, method)) refuse("this method");
  if (readOnly && method !== "GET") refuse("a request that writes");
  for (const [name, value] of Object.entries(headers))
    if (!Object.hasOwn(HEADERS, name) || !HEADERS[name]!.test(value)) refuse("a request with such a header");
  if (key === "") {
    const { prefix = "" } = query;
    const isListing = method === "GET" && query["list-type"] === "2" && prefix.startsWith(base);
    if (!isListing || Object.keys(query).some((name) => !LISTING.includes(name))) refuse("this request to the bucket");
    return { method, key, query, headers };
  }
  // A URL would fold segments of dots, so that the key would leave the prefix.
  if (typeof key !== "string" || key.length > 1024 || !key.startsWith(base) || /(?:^|\/)\.{0,2}(?:\/|$)/.test(key))
    refuse("this key");
  const names = Object.keys(query);
  const fits = QUERIES[method]!.some(
    (wanted) =>
      wanted.length === names.length &&
      wanted.every(([name, value]) => Object.hasOwn(query, name) && (value === "*" || query[name] === value)),
  );
  if (!fits) refuse("a request with such a query");
  return { method, key, query, headers };
}

function texts(given: unknown): Record<string, string> {
  if (typeof given !== "object" || given === null) throw invalidArgument("request", "a request to sign", given);
  const entries = Object.entries(given as Record<string, unknown>);
  if (entries.length > 10 || entries.some(([, value]) => typeof value !== "string"))
    throw invalidArgument("request", "a request to sign, with texts as query and headers", given);
  return Object.fromEntries(entries) as Record<string, string>;
}
