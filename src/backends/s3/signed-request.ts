import { invalidArgument, LedgerError, reading } from "../../errors/ledger-error.ts";

/** One request to a bucket, for a function that signs it. It holds no secret and can be sent as JSON. */
export interface S3SignRequest {
  /** The method. */
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** The key in the bucket, with the prefix of the backend. Empty for the bucket itself, whose objects are listed. */
  readonly key: string;
  /** The query, without the signature. Each name comes once. */
  readonly query: Readonly<Record<string, string>>;
  /** The headers that the request will have, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A signed URL, and the headers to send with it. */
export interface S3SignedRequest {
  /** The URL, with the signature in its query. */
  readonly url: string | URL;
  /** The headers to send. Default: those that were asked for. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * Returns a signed URL for one request, as a server that holds the keys makes it. It is called for each request, also
 * for one that is sent again.
 */
export type S3Sign = (
  request: S3SignRequest,
  options: {
    /** Aborted if nobody needs the URL any more. */
    readonly signal: AbortSignal;
  },
) => string | URL | S3SignedRequest | Promise<string | URL | S3SignedRequest>;

/** Calls a function that signs, and checks what it returns. Its messages name no URL, which is a secret. */
export async function signedRequest(
  sign: S3Sign,
  request: S3SignRequest,
  signal: AbortSignal,
): Promise<{ readonly url: string; readonly headers: Headers }> {
  let given: unknown;
  try {
    given = await sign(request, { signal });
  } catch (cause) {
    if (signal.aborted || LedgerError.is(cause)) throw cause;
    throw new LedgerError("CREDENTIALS", "the function sign failed; see the cause", { cause });
  }
  return reading("sign", () => {
    const isUrl = typeof given === "string" || (typeof given === "object" && given !== null && "href" in given);
    const { url, headers = request.headers } = (isUrl ? { url: given } : (given ?? {})) as Partial<S3SignedRequest>;
    const text = typeof url === "string" ? url : url?.href;
    if (typeof text !== "string" || !/^https?:\/\/[^/?#]+\/[^#]*$/.test(text))
      throw invalidArgument("sign()", "a signed URL, or an object with one", isUrl ? url : given);
    try {
      return { url: text, headers: new Headers(headers) };
    } catch {
      throw invalidArgument("sign().headers", "names and values of headers", headers);
    }
  });
}
