import type { ErrorCode, ErrorDetails } from "../../errors/ledger-error.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { CutShort } from "../../backend/requests/answer-body.ts";
import { retryAfter } from "../../backend/requests/attempts.ts";
import { errorName } from "../../backend/requests/error-name.ts";
import { childText, parseXml } from "./xml.ts";

/**
 * What an error message may name. It must not name a URL, a header or the body of a response, which can contain keys
 * and signatures.
 */
export interface Subject {
  /** `create`, `read`, `list`, … */
  readonly operation: string;
  /** The key as the caller knows it. */
  readonly key: string | undefined;
  readonly bucket: string;
  /** Host of the endpoint. */
  readonly host: string;
  /** Path of the endpoint: empty, or for example `/s3`. */
  readonly path: string;
  /** Whether the bucket is in the path, not in the host name. */
  readonly pathStyle: boolean;
}

/** Why a request failed, and what follows from that. */
export interface Fault {
  /** HTTP status, or 0 without a complete response. */
  readonly status: number;
  /** S3's own code, such as `NoSuchKey`. Empty if the response has none. */
  readonly code: string;
  /** Whether the same request may succeed if it is sent again. */
  readonly again: boolean;
  /** Whether the request may take effect, or has taken effect, although it failed. */
  readonly unknown: boolean;
  readonly retryAfterMs: number;
  /** The region that the store names, if it does. */
  readonly region: string | undefined;
  /** The store's time in ms since the epoch, if it states one. */
  readonly serverTime: number | undefined;
  readonly error: LedgerError;
}

/** Codes of requests that the store has not carried out, and that should be sent again later. */
const BUSY = new Set([
  "SlowDown",
  "SlowDownRead",
  "SlowDownWrite",
  "ServiceUnavailable",
  "Busy",
  "RequestTimeout",
  "TooManyRequests",
]);
const DAMAGED = new Set(["BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"]);
export const CONFLICTS: ReadonlySet<string> = new Set(["ConditionalRequestConflict", "OperationAborted"]);
export const EXPIRED: ReadonlySet<string> = new Set(["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"]);
const WRONG_KEYS = new Set([
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "InvalidToken",
  "InvalidSecurity",
  "AuthorizationHeaderMalformed",
  "MissingSecurityHeader",
  "RequestTimeTooSkewed",
  "RequestExpired",
  "UnauthorizedAccess",
  // Sent by versitygw, with status 404.
  "XAdminUserNotFound",
]);

/** Returns the fault that an unsuccessful response describes. */
export function answerFault(subject: Subject, status: number, headers: Headers, body: string, now: number): Fault {
  const document = parseXml(body, ["Error"]);
  const told = (name: string): string | undefined => (document === undefined ? undefined : childText(document, name));
  const code = /^[A-Za-z][A-Za-z0-9.]{0,63}$/.exec(told("Code") ?? "")?.[0] ?? "";
  const region = headers.get("x-amz-bucket-region") ?? told("Region") ?? undefined;
  const serverTime = Date.parse(told("ServerTime") ?? headers.get("date") ?? "");
  const request = /^[\w.=+/:-]{1,128}$/.exec(headers.get("x-amz-request-id") ?? told("RequestId") ?? "")?.[0];
  const html = document === undefined && looksLikeHtml(headers, body);
  const verdict = judge(status, code, html, subject);
  const message = verdict.quotes === true ? quote(told("Message")) : "";
  const name = status === 0 ? "a redirect" : status;
  const shown = `${name}${code === "" ? "" : ` ${code}`}${request === undefined ? "" : `, request ${request}`}`;
  return {
    status,
    code,
    again: verdict.again === true,
    unknown: verdict.unknown === true,
    retryAfterMs: retryAfter(headers.get("retry-after"), now),
    region: region !== undefined && /^[a-z0-9-]{1,40}$/.test(region) ? region : undefined,
    serverTime: Number.isNaN(serverTime) ? undefined : serverTime,
    error: failure(subject, verdict.code, `the store answered ${shown}${message}: ${verdict.advice}`, {
      status,
      transient: verdict.again === true,
    }),
  };
}

interface Verdict {
  readonly code: ErrorCode;
  readonly advice: string;
  readonly again?: boolean;
  readonly unknown?: boolean;
  /** Whether the store's own message tells more than the code. */
  readonly quotes?: boolean;
}

/**
 * Returns the store's own message in quotation marks. A message can repeat keys, tokens and signatures, so this leaves
 * out words that could be one: words with letters and digits, long words, and words in capitals.
 */
function quote(message: string | undefined): string {
  const words = (message ?? "").slice(0, 400).split(/\s+/);
  const isPlain = (word: string): boolean =>
    /^[A-Za-z'(),.:;"-]{0,24}$|^\d{1,6}[.,]?$/.test(word) && !/[A-Z]{8}/.test(word);
  const shown = words
    .map((word) => (isPlain(word) ? word : "…"))
    .join(" ")
    .trim();
  return shown === "" ? "" : `, ${JSON.stringify(shown)}`;
}

/** Returns advice about the address for a store that finds no bucket, or that is not S3. */
function addressing({ pathStyle }: Subject): string {
  return pathStyle
    ? "if this store wants the bucket in the host name, set forcePathStyle: false"
    : "if this store wants the bucket in the path, set forcePathStyle: true";
}

function judge(status: number, code: string, html: boolean, subject: Subject): Verdict {
  const { bucket, host, path } = subject;
  const sign = html ? "it sent a web page" : "no S3 error document";
  const notS3: Verdict = {
    code: "UNEXPECTED_RESPONSE",
    advice: `${host} does not look like S3 (${sign}); check endpoint, also its path, and ${addressing(subject)}`,
  };
  if (status >= 200 && status < 300) return notS3;
  if (status === 412) return { code: "EXISTS", advice: "the key exists" };
  if (status === 409) {
    return CONFLICTS.has(code)
      ? { code: "UNAVAILABLE", advice: "another request for this key is in progress", again: true }
      : { code: "EXISTS", advice: "another request for this key came first" };
  }
  if (BUSY.has(code) || status === 429 || status === 408)
    return { code: "UNAVAILABLE", advice: "the store is busy", again: true };
  if (DAMAGED.has(code)) return { code: "UNAVAILABLE", advice: "the body was damaged on its way", again: true };
  if (status === 501) return { code: "UNSUPPORTED", advice: "the store does not have this function" };
  if (code === "InsufficientCapacity" || code === "QuotaExceeded" || code === "XMinioStorageFull" || status === 507) {
    return { code: "NO_SPACE", advice: "the bucket is full or over its quota" };
  }
  if (status >= 500)
    return { code: "UNAVAILABLE", advice: "the store is in trouble; try again later", again: true, unknown: true };
  if (status < 400 || code === "PermanentRedirect" || code === "TemporaryRedirect") {
    return { code: "UNEXPECTED_RESPONSE", advice: `redirects are not followed; check region and endpoint (${host})` };
  }
  if (code === "NoSuchBucket" || code === "InvalidBucketName") {
    const check = "create it, or check bucket, endpoint and region";
    return {
      code: "BUCKET_NOT_FOUND",
      advice: `there is no bucket ${bucket} at ${host}; ${check}; ${addressing(subject)}`,
    };
  }
  if (EXPIRED.has(code)) {
    return {
      code: "CREDENTIALS",
      advice: "the session token has expired; pass a credentials function, which returns new ones",
    };
  }
  if (code === "RequestTimeTooSkewed") return { code: "CREDENTIALS", advice: "this machine's clock is wrong; set it" };
  if (code === "SignatureDoesNotMatch") {
    const signed = path === "" ? "the Host header" : `the Host header and the path ${path}`;
    const proxy = `A proxy before the store must pass on ${signed} unchanged: the signature covers that`;
    return {
      code: "CREDENTIALS",
      advice: `the signature does not match; check secret key and region. ${proxy}`,
    };
  }
  if (WRONG_KEYS.has(code) || status === 401) {
    return {
      code: "CREDENTIALS",
      advice: "the store does not accept the credentials; check access key, secret key, session token and region",
    };
  }
  if (code === "NoSuchKey") return { code: "NOT_FOUND", advice: "there is no such object" };
  if (code === "NoSuchUpload")
    return { code: "IO", advice: "somebody else has completed or aborted the multipart upload" };
  if (code === "EntityTooLarge") return { code: "TOO_LARGE", advice: "the object is larger than the store allows" };
  if (code === "KeyTooLongError") return { code: "INVALID_KEY", advice: "the key is longer than the store allows" };
  if (code !== "" && status === 403) {
    return {
      code: "PERMISSION_DENIED",
      advice:
        "the credentials do not allow this; they need s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket",
    };
  }
  if (code !== "" && (status === 404 || status === 405)) {
    return {
      code: "UNEXPECTED_RESPONSE",
      advice: `the store refused the request; check bucket and endpoint (${host}); ${addressing(subject)}`,
      quotes: true,
    };
  }
  if (html || status === 404 || status === 405) return notS3;
  if (status === 403)
    return { code: "PERMISSION_DENIED", advice: "access was denied, perhaps by something before the store" };
  return { code: "UNEXPECTED_RESPONSE", advice: "the store refused the request", quotes: code !== "" };
}

/** Returns the fault of a request that got no complete response. */
export function networkFault(subject: Subject, cause: unknown, timedOut: boolean): Fault {
  const name = errorName(cause);
  const cut = cause instanceof CutShort;
  const what = cut
    ? "the answer was cut short"
    : timedOut
      ? "no answer in time"
      : `no answer from ${subject.host}${name === "" ? "" : ` (${name})`}`;
  const hint = "document" in globalThis ? "; in a browser a missing CORS rule of the bucket has the same effect" : "";
  return {
    status: 0,
    code: "",
    again: true,
    unknown: timedOut || !NEVER_SENT.test(name),
    retryAfterMs: 0,
    region: undefined,
    serverTime: undefined,
    error: failure(subject, "UNAVAILABLE", `${what}; check the network and endpoint${hint}`, { transient: true }),
  };
}

/** Errors without a connection, so that nothing can have been stored. The names are those of Node, Bun and Deno. */
const NO_CONNECTION: readonly string[] = [
  "ECONNREFUSED|ConnectionRefused|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|UND_ERR_CONNECT_TIMEOUT",
  String.raw`CERT_\w+|\w*_CERT\w*|UNABLE_TO_\w+|ERR_TLS_\w+`,
];
const NEVER_SENT: RegExp = new RegExp(`^(?:${NO_CONNECTION.join("|")})$`);

/** Returns the error for a response that claims success but is not what was asked for. */
export function strangeAnswer(subject: Subject, why: string, status?: number): LedgerError {
  return failure(subject, "UNEXPECTED_RESPONSE", why, status === undefined ? {} : { status });
}

/** Returns the error of an operation. Its message begins with the operation and the key. */
export function failure(
  subject: Subject,
  code: ErrorCode,
  why: string,
  details: Pick<ErrorDetails, "status" | "transient" | "field" | "received" | "cause"> = {},
): LedgerError {
  const { operation, key } = subject;
  const { status, transient, field, received, cause } = details;
  const what =
    key === undefined ? operation : `${operation} ${JSON.stringify(key.length > 80 ? `${key.slice(0, 80)}…` : key)}`;
  return new LedgerError(code, `${what}: ${why}`, { operation, key, status, transient, field, received, cause });
}

/** Returns whether a response is a web page instead of XML or an object. An object always comes with an ETag. */
export function looksLikeHtml(headers: Headers, body: string): boolean {
  const html = /^\s*text\/html\b/i.test(headers.get("content-type") ?? "");
  return (html && headers.get("etag") === null) || /^\s*<(?:!doctype\s+html|html)\b/i.test(body);
}
