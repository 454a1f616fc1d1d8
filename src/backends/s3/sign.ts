import { AwsV4Signer } from "aws4fetch";
import { LedgerError } from "../../errors/ledger-error.ts";
import type { KeySet } from "./credentials.ts";

export interface SigningInput {
  readonly method: string;
  readonly url: string;
  /** ASCII values only. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body, in hex. */
  readonly payloadSha256: string;
  readonly region: string;
  /** The store's time, in ms since the epoch. */
  readonly time: number;
}

/** Returns the headers of a request, signed with Signature Version 4, or unsigned without keys. */
export async function signedHeaders(input: SigningInput, keys: KeySet | undefined): Promise<Headers> {
  const headers = new Headers(input.headers);
  if (keys === undefined) return headers;
  headers.set("x-amz-content-sha256", input.payloadSha256);
  const signer = new AwsV4Signer({
    method: input.method,
    url: input.url,
    headers,
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
    service: "s3",
    region: input.region,
    datetime: amzDate(input.time),
    cache: keys.signingKeys,
    // Otherwise Range would not be signed.
    allHeaders: true,
  });
  return (await signer.sign()).headers;
}

/** Returns a time as a signature has it. */
export function amzDate(time: number): string {
  return new Date(time).toISOString().replace(/[:-]|\.\d{3}/g, "");
}

/** SHA-256 of no bytes, in hex. */
export const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Returns the SHA-256 in hex. Throws `UNSUPPORTED` without WebCrypto, as on a page that is not served over https. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  if (bytes.byteLength === 0) return EMPTY_SHA256;
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined) {
    throw new LedgerError(
      "UNSUPPORTED",
      "signing needs WebCrypto, which pages have only over https:// or on localhost",
    );
  }
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  let hex = "";
  for (const byte of digest) hex += byte.toString(16).padStart(2, "0");
  return hex;
}
