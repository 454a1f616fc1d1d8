import { base64 } from "../../backend/requests/base64.ts";
import { utf8Encoder } from "../../bytes/utf8.ts";
import { invalidArgument, LedgerError } from "../../errors/ledger-error.ts";

/** Where a published ledger is. */
export interface BaseUrl {
  /** The host, for messages. It holds no secret. */
  readonly host: string;
  /** The value of the header `Authorization`, made of the user and the password in the URL. */
  readonly authorization: string | undefined;
  /** Returns the URL of an object. It may hold a secret, because the query of the base URL is part of it. */
  urlOf(key: string): string;
}

/**
 * Checks the URL of a ledger. A page may give one that is relative to its own. A user and a password in it become a
 * header, and its query is sent with every request. Throws `INVALID_ARGUMENT`, whose message does not repeat the URL.
 */
export function parseBaseUrl(given: string | URL): BaseUrl {
  const text: unknown = typeof given === "object" && given !== null && "href" in given ? given.href : given;
  if (typeof text !== "string") throw invalidArgument("baseUrl", "a URL", given);
  const url = parse(text);
  if (url === undefined) throw wrong("is not a URL: write it like https://example.com/runs");
  if (url.protocol !== "https:" && url.protocol !== "http:") throw wrong(`must begin with https://${hint(url)}`);
  if (url.hash !== "") throw wrong("must not contain a fragment");
  const root = `${url.origin}${url.pathname.replace(/\/+$/, "")}/`;
  const { search } = url;
  return {
    host: url.host,
    authorization: authorization(url),
    urlOf: (key) => `${root}${key.split("/").map(encodeURIComponent).join("/")}${search}`,
  };
}

function parse(text: string): URL | undefined {
  const { location, document } = globalThis as { location?: { href?: string }; document?: { baseURI?: string } };
  try {
    return new URL(text, document?.baseURI ?? location?.href);
  } catch {
    return undefined;
  }
}

function hint({ protocol }: URL): string {
  if (protocol === "file:") return "; use fsBackend of runledger/backends/fs for a directory";
  return protocol === "s3:" ? "; use s3Backend of runledger/backends/s3, or the bucket's https:// address" : "";
}

function authorization({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${base64(utf8Encoder().encode(pair))}`;
  } catch {
    throw wrong("has a user or a password with a wrong escape");
  }
}

function wrong(why: string): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `baseUrl ${why}`, { field: "baseUrl", received: "string" });
}
