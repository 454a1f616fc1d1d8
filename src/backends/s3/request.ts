import { utf8Decoder } from "../../bytes/utf8.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { abortable } from "../../platform/abort.ts";
import { CutShort, TooLong, countBody, dropBody, readBody, statedLength } from "../../backend/requests/answer-body.ts";
import type { CredentialHolder, KeySet } from "./credentials.ts";
import type { Fault, Subject } from "./errors.ts";
import { EXPIRED, answerFault, failure, looksLikeHtml, networkFault, strangeAnswer } from "./errors.ts";
import { checksumHeaders, isUnknownHeader, UPLOAD_CHECKSUM } from "./checksum.ts";
import type { Settings } from "./options.ts";
import { Attempts } from "../../backend/requests/attempts.ts";
import { signedRequest } from "./signed-request.ts";
import { EMPTY_SHA256, sha256Hex, signedHeaders } from "./sign.ts";
import { IdleLimit } from "../../backend/requests/idle-limit.ts";
import { inBrowser } from "../../backend/requests/in-browser.ts";
import { objectUrl } from "./url.ts";

/** One request to the bucket. */
export interface S3Request {
  readonly operation: string;
  /** The key as the caller knows it, for errors. */
  readonly key?: string | undefined;
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** The key in the bucket, or empty for the bucket itself. */
  readonly object: string;
  /** The query. It names each parameter once, because a signature covers only the first of equal names. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** SHA-256 of `body` in hex, if it is known. */
  readonly sha256?: string;
  /** The most bytes of a successful response. */
  readonly maxBytes: number;
  /** Returns only the headers and the length of the body. Does not read a body of more than `maxBytes`. */
  readonly headOnly?: boolean;
  /** `body` adds the checksum of an object or a part. `upload` begins an upload whose parts have checksums. */
  readonly checksum?: "body" | "upload";
  readonly signal?: AbortSignal | undefined;
}

/** A successful response. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** The number of bytes of the whole body, if the request was `headOnly`. */
  readonly length?: number | undefined;
}

export type Outcome =
  | { readonly answer: Answer; readonly fault?: undefined }
  | { readonly fault: Fault; readonly answer?: undefined };

/** Statuses whose meaning is clear without an error document. */
const SPEAKING = new Set([408, 412, 416, 429, 500, 502, 504]);
const MAX_ERROR_BYTES = 64 * 1024;
const UPLOAD_BYTES_PER_MS = 131.072;

/** Sends signed requests to one bucket. Learns its region, and the difference between its clock and the local one. */
export class Client {
  readonly settings: Settings;
  readonly #credentials: CredentialHolder;
  #region: string;
  #skewMs = 0;
  /** Becomes `false` when the store has refused a request with a checksum, and accepted the same request without it. */
  #sendsChecksums: boolean;
  /** The host of the last URL that the option `sign` returned. */
  #signedHost: string | undefined;

  constructor(settings: Settings, credentials: CredentialHolder) {
    this.settings = settings;
    this.#credentials = credentials;
    this.#region = settings.region;
    // A signed URL says which of these headers a request must have, and few functions can sign them.
    this.#sendsChecksums = settings.sign === undefined;
  }

  subject(request: { readonly operation: string; readonly key?: string | undefined }): Subject {
    const { address } = this.settings;
    const { bucket, endpoint, pathStyle } = address;
    const host = this.#signedHost ?? endpoint?.host ?? new URL(objectUrl(address, this.#region, "")).host;
    const path = endpoint?.pathname.replace(/\/+$/, "") ?? "";
    return { operation: request.operation, key: request.key, bucket, host, path, pathStyle };
  }

  get sendsChecksums(): boolean {
    return this.#sendsChecksums;
  }

  attempts(): Attempts {
    return new Attempts(this.settings.retry, this.settings.clock, this.settings.random);
  }

  /**
   * Sends a request, and repeats it until there is a response or the attempts are used up. The request may take effect
   * twice.
   */
  async call(request: S3Request): Promise<Outcome> {
    const attempts = this.attempts();
    for (;;) {
      const outcome = await this.once(request);
      if (outcome.fault?.again !== true) return outcome;
      if (!(await attempts.again(outcome.fault.retryAfterMs, request.signal))) return outcome;
    }
  }

  /**
   * Sends a request once. If the store refuses it for a reason that can be fixed at once (a wrong clock, an expired
   * token, another region), signs it again and sends it again, once for each reason. Rejects if it is aborted, if there
   * are no credentials, and if the response is longer than allowed.
   */
  async once(request: S3Request): Promise<Outcome> {
    const sha256 = request.sha256 ?? (request.body === undefined ? EMPTY_SHA256 : await sha256Hex(request.body));
    const repaired = new Set<string>();
    let refused: Outcome | undefined;
    for (;;) {
      request.signal?.throwIfAborted();
      const keys = await this.#credentials.get(request.signal);
      const region = this.#region;
      const withChecksum = request.checksum !== undefined && this.#sendsChecksums && refused === undefined;
      const checksum = request.checksum === "upload" ? UPLOAD_CHECKSUM : checksumHeaders(sha256);
      const headers = { ...request.headers, ...(withChecksum && checksum) };
      const outcome = await this.#attempt({ ...request, headers }, sha256, keys, region);
      const isRefused = outcome.fault !== undefined && isUnknownHeader(outcome.fault);
      if (withChecksum && isRefused) {
        refused = outcome;
        continue;
      }
      if (refused !== undefined) {
        // The store refuses the request without the checksum, too, so the checksum is not the reason.
        if (isRefused) return refused;
        if (outcome.fault === undefined || outcome.fault.code !== "") this.#sendsChecksums = false;
      }
      if (outcome.fault === undefined) return outcome;
      const repair = this.#repair(outcome.fault, keys, region, repaired);
      if (repair === undefined) return { fault: this.#explained(request, outcome.fault) };
      repaired.add(repair);
    }
  }

  /**
   * Returns the reason that was fixed, if any. `asked` is the region of the request: another request may have changed
   * it since.
   */
  #repair(fault: Fault, keys: KeySet | undefined, asked: string, done: ReadonlySet<string>): string | undefined {
    const { status, code, serverTime, region } = fault;
    if (this.settings.sign) return this.#isRefused(fault) && !done.has("url") ? "url" : undefined;
    if (code === "RequestTimeTooSkewed" && serverTime !== undefined && !done.has("clock")) {
      this.#skewMs = serverTime - this.settings.clock.now();
      return "clock";
    }
    if (EXPIRED.has(code) && !done.has("token") && this.#credentials.expired(keys)) return "token";
    const elsewhere = status === 301 || status === 307 || status === 400 || status === 403;
    if (elsewhere && region !== undefined && region !== asked && !done.has("region")) {
      // Location is never followed. The next request builds its URL from the options.
      this.#region = region;
      return "region";
    }
    return undefined;
  }

  async #attempt(request: S3Request, sha256: string, keys: KeySet | undefined, region: string): Promise<Outcome> {
    const { settings } = this;
    const { body, method, signal } = request;
    // The store has its time for the answer, however long the signature took here.
    const own = settings.sign ? undefined : await this.#signedHere(request, sha256, keys, region);
    const limit = new IdleLimit(settings.clock, settings.retry.attemptMs, signal);
    limit.restart(body === undefined ? 0 : body.byteLength / UPLOAD_BYTES_PER_MS);
    try {
      const init: RequestInit = { method, redirect: "manual", signal: limit.signal };
      if (body !== undefined) init.body = body as Uint8Array<ArrayBuffer>;
      // Other runtimes may reject these two, and have neither cookies nor a cache.
      if (inBrowser) Object.assign(init, { cache: "no-store", credentials: "omit" });
      const work = async (): Promise<Outcome> => {
        const { url, headers } = own ?? (await this.#signedBy(settings.sign!, request, limit.signal));
        return this.#read(request, await settings.fetch(url, { ...init, headers }), limit);
      };
      return await abortable(work(), limit.signal);
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof TooLong) throw this.#tooLong(request);
      if (LedgerError.is(cause)) throw cause;
      return { fault: networkFault(this.subject(request), cause, limit.passed) };
    } finally {
      limit.end();
    }
  }

  /** Returns a fault with the error that says that the URL may be the reason. */
  #explained(request: S3Request, fault: Fault): Fault {
    if (!this.#isRefused(fault) || fault.code === "NoSuchKey") return fault;
    const { status, code } = fault;
    const said = `the store answered ${status}${code === "" ? "" : ` ${code}`} to two signed URLs`;
    const why = `${said}: they have expired, or their keys do not allow this; check the function sign and its clock`;
    const kind = code === "AccessDenied" ? "PERMISSION_DENIED" : "CREDENTIALS";
    return { ...fault, error: failure(this.subject(request), kind, why, { status }) };
  }

  /** Returns the URL and the headers of a request, with a signature in one of them. */
  async #signedHere(
    { method, object, query, headers = {} }: S3Request,
    payloadSha256: string,
    keys: KeySet | undefined,
    region: string,
  ): Promise<{ readonly url: string; readonly headers: Headers }> {
    const { address, clock } = this.settings;
    const url = objectUrl(address, region, object, query);
    const time = clock.now() + this.#skewMs;
    return { url, headers: await signedHeaders({ method, url, headers, payloadSha256, region, time }, keys) };
  }

  /** Returns the same as the option `sign` says. */
  async #signedBy(
    sign: NonNullable<Settings["sign"]>,
    { method, object, query = {}, headers = {} }: S3Request,
    signal: AbortSignal,
  ): Promise<{ readonly url: string; readonly headers: Headers }> {
    const signed = await signedRequest(sign, { method, key: object, query, headers }, signal);
    this.#signedHost = new URL(signed.url).host;
    return signed;
  }

  /** Returns whether the store refused a signed URL. Stores say of an expired one only that access is denied. */
  #isRefused({ status, code }: Fault): boolean {
    return this.settings.sign !== undefined && (status === 401 || status === 403 || EXPIRED.has(code));
  }

  #tooLong({ method, object, maxBytes, ...request }: S3Request): LedgerError {
    if (method !== "GET" || object === "")
      return strangeAnswer(this.subject(request), "the answer is longer than asked for");
    return failure(
      this.subject(request),
      "TOO_LARGE",
      `the object is larger than ${maxBytes} bytes; read it in ranges`,
    );
  }

  async #read(request: S3Request, response: Response, limit: IdleLimit): Promise<Outcome> {
    const { status, headers } = response;
    limit.restart();
    if (status >= 200 && status < 300) {
      const progress = (): void => limit.restart();
      const length = request.headOnly === true ? await measureBody(response, request.maxBytes, progress) : undefined;
      const bytes =
        length === undefined && request.headOnly !== true
          ? await readBody(response, request.maxBytes, progress)
          : new Uint8Array();
      const document = request.method === "GET" && request.object !== "" ? "" : utf8Decoder().decode(bytes);
      // An empty body is not a page: some frameworks set their default type on a response without a body.
      const isEmpty = status === 204 || (request.method === "DELETE" && bytes.byteLength === 0);
      if (isEmpty || !looksLikeHtml(headers, document)) return { answer: { status, headers, bytes, length } };
      return { fault: answerFault(this.subject(request), status, headers, document, this.settings.clock.now()) };
    }
    let text = "";
    try {
      text = utf8Decoder().decode(await readBody(response, MAX_ERROR_BYTES, () => limit.restart()));
    } catch (cause) {
      // An incomplete error document names no cause. Sending the request again is better than trusting a 404 alone.
      const plain = cause instanceof TooLong || (cause instanceof CutShort && SPEAKING.has(status));
      if (!plain) throw cause;
    }
    return { fault: answerFault(this.subject(request), status, headers, text, this.settings.clock.now()) };
  }
}

/** Returns the length of a body that is not needed, and reads as little of it as possible. */
async function measureBody(response: Response, atMost: number, progress: () => void): Promise<number | undefined> {
  const isPlain = response.headers.get("content-encoding") === null;
  const stated = isPlain ? statedLength(response.headers) : undefined;
  // A short body is read, so that the connection can be reused.
  if (stated === undefined || stated <= atMost) {
    const counted = await countBody(response, progress);
    if (stated !== undefined && counted !== stated) throw new CutShort();
    return counted;
  }
  await dropBody(response);
  return stated;
}
