import { utf8Encoder } from "../../bytes/utf8.ts";
import { type OptionNames, readOptions } from "../../arguments/options.ts";
import type { Clock } from "../../platform/clock.ts";
import { toClock } from "../../platform/clock.ts";
import { checkChoice } from "../../arguments/choice.ts";
import { LedgerError, invalidArgument } from "../../errors/ledger-error.ts";
import { assertPrefix } from "../../backend/key.ts";
import type { S3CredentialSource } from "./credentials.ts";
import type { RetryPolicy, RequestRetryOptions } from "../../backend/requests/attempts.ts";
import { retryPolicy } from "../../backend/requests/attempts.ts";
import type { S3Sign } from "./signed-request.ts";
import type { Address } from "./url.ts";
import { address } from "./url.ts";

/** Options of `s3Backend`. */
export interface S3BackendOptions {
  /** The name of an existing bucket. */
  readonly bucket: string;
  /** A folder in the bucket: `teams/vision`. At most 120 bytes. Default: the whole bucket. */
  readonly prefix?: string | undefined;
  /** The URL of the store. Default: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, else AWS. */
  readonly endpoint?: string | undefined;
  /**
   * The region to sign requests for. Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, what the endpoint says, else
   * `us-east-1`.
   */
  readonly region?: string | undefined;
  /** The keys to sign requests with. Default: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. */
  readonly credentials?: S3CredentialSource | undefined;
  /**
   * Returns a signed URL for a request. Then this program needs no keys: see `s3Presigner` for the server that has them.
   * Default: requests are signed here, with `credentials`.
   */
  readonly sign?: S3Sign | undefined;
  /** Whether the bucket is in the path instead of the host name. Default: `true`, except for AWS. */
  readonly forcePathStyle?: boolean | undefined;
  /**
   * How the store treats `If-None-Match: *`, if you know it. `"atomic"`: of several creates of one key exactly one
   * succeeds. `"none"`: do not use it. Default: a probe finds out before the first `create`.
   */
  readonly conditionalWrites?: "atomic" | "none" | undefined;
  /**
   * Whether `http://` is allowed to any host. Default `false`: only to this machine, and to names and addresses of
   * private networks.
   */
  readonly allowInsecure?: boolean | undefined;
  /** How often and how long failed requests are repeated. */
  readonly retry?: RequestRetryOptions | undefined;
  /**
   * The size of a part of a multipart upload in bytes: 5 MiB to 5 GiB. Default 5 MiB. Up to twice as much goes in one
   * request.
   */
  readonly partBytes?: number | undefined;
  /** The size of the largest object that `read` returns whole, in bytes. A larger one is `TOO_LARGE`. Default 1 GiB. */
  readonly maxReadBytes?: number | undefined;
  /** What sends requests. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** The time, for tests. Default: the system's. */
  readonly clock?: Partial<Clock> | (() => number) | undefined;
  /** Returns a number from 0 to 1, which decides the pause between two attempts. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** The options, checked and completed. Without credentials, so that they may be shown. */
export interface Settings {
  readonly address: Address;
  readonly region: string;
  /** Empty, or ends with `/`. */
  readonly base: string;
  readonly conditionalWrites: "atomic" | "none" | undefined;
  readonly sign: S3Sign | undefined;
  readonly retry: RetryPolicy;
  readonly partBytes: number;
  readonly maxReadBytes: number;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly random: () => number;
}

const NAMES: OptionNames<S3BackendOptions> = {
  bucket: true,
  prefix: true,
  endpoint: true,
  region: true,
  credentials: true,
  sign: true,
  forcePathStyle: true,
  allowInsecure: true,
  retry: true,
  partBytes: true,
  maxReadBytes: true,
  fetch: true,
  clock: true,
  random: true,
  conditionalWrites: true,
};
const MIB = 1024 * 1024;
const MAX_PREFIX_BYTES = 120;

/** Returns the options, checked and completed from the environment. Throws `INVALID_ARGUMENT`. */
export function resolveOptions(given: S3BackendOptions): Settings {
  if (given === undefined) throw invalidArgument("options", "an object with a bucket", given);
  const options = readOptions("s3Backend", given, NAMES, "options", (name) =>
    /^(?:accessKeyId|secretAccessKey|sessionToken)$/i.test(name) ? `; write credentials: { ${name} }` : "",
  );
  const { bucket, prefix, forcePathStyle, allowInsecure, fetch, random, partBytes, maxReadBytes, conditionalWrites } =
    options;
  expect("forcePathStyle", forcePathStyle, "boolean");
  expect("allowInsecure", allowInsecure, "boolean");
  expect("fetch", fetch, "function");
  expect("sign", options.sign, "function");
  expect("random", random, "function");
  if (conditionalWrites !== undefined) checkChoice("conditionalWrites", conditionalWrites, ["atomic", "none"]);
  const endpoint = options.endpoint ?? env("AWS_ENDPOINT_URL_S3") ?? env("AWS_ENDPOINT_URL");
  const at = address(endpoint, bucket, forcePathStyle, allowInsecure === true);
  const region = options.region ?? env("AWS_REGION") ?? env("AWS_DEFAULT_REGION") ?? at.region ?? "us-east-1";
  if (typeof region !== "string" || !/^[a-z0-9-]{1,40}$/.test(region)) {
    throw invalidArgument("region", "a name like eu-central-1", region);
  }
  return {
    address: { endpoint: at.endpoint, bucket: at.bucket, pathStyle: at.pathStyle },
    region,
    base: base(prefix),
    conditionalWrites,
    sign: options.sign,
    retry: retryPolicy(options.retry),
    partBytes: bytes("partBytes", partBytes, 5 * MIB, 5 * MIB, 5 * 1024 * MIB),
    maxReadBytes: bytes("maxReadBytes", maxReadBytes, 1024 * MIB, 1, Number.MAX_SAFE_INTEGER),
    fetch: fetch ?? defaultFetch,
    clock: toClock(options.clock),
    random: random ?? Math.random,
  };
}

/** Returns the option `credentials`, or the keys in the environment. Throws `CREDENTIALS` if there are neither. */
export function resolveCredentials(options: S3BackendOptions): S3CredentialSource {
  if (options.sign !== undefined) {
    if (options.credentials === undefined) return "anonymous";
    const message = "credentials must be left out if sign is given: the function signs with keys of its own";
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "credentials" });
  }
  if (options.credentials !== undefined) return options.credentials;
  const accessKeyId = env("AWS_ACCESS_KEY_ID");
  const secretAccessKey = env("AWS_SECRET_ACCESS_KEY");
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey, sessionToken: env("AWS_SESSION_TOKEN") };
  }
  throw new LedgerError(
    "CREDENTIALS",
    "no S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or pass credentials: keys, " +
      "a function that returns them (fromNodeProviderChain() of @aws-sdk/credential-providers reads profiles and " +
      'roles), or "anonymous" for a public bucket',
    { field: "credentials" },
  );
}

// One function for all handles, so that they share what a probe found. It calls the method of `globalThis`, as browsers
// require.
const defaultFetch: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init);

function env(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  try {
    return process?.env?.[name] || undefined;
  } catch {
    return undefined; // Deno has no permission to read it.
  }
}

function base(prefix: string | undefined): string {
  if (prefix === undefined) return "";
  if (typeof prefix !== "string") throw invalidArgument("prefix", "a string", prefix);
  const trimmed = prefix.replace(/^\/+|\/+$/g, "");
  assertPrefix(trimmed);
  if (utf8Encoder().encode(trimmed).length > MAX_PREFIX_BYTES) {
    throw new LedgerError("INVALID_ARGUMENT", `prefix must have at most ${MAX_PREFIX_BYTES} bytes`, {
      field: "prefix",
      received: "string",
    });
  }
  return trimmed === "" ? "" : `${trimmed}/`;
}

function expect(field: string, value: unknown, type: "boolean" | "function"): void {
  if (value !== undefined && typeof value !== type) throw invalidArgument(field, `a ${type}`, value);
}

function bytes(field: string, value: number | undefined, fallback: number, least: number, most: number): number {
  if (value === undefined) return fallback;
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw invalidArgument(field, `a whole number of bytes from ${least} to ${most}`, value);
  }
  return value;
}
