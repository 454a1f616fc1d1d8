import type { Fault } from "./errors.ts";

/** Names the algorithm of a multipart upload's parts when it begins: they are refused with another one. */
export const UPLOAD_CHECKSUM: Readonly<Record<string, string>> = { "x-amz-checksum-algorithm": "SHA256" };

/**
 * Headers with which a store compares what arrives, and which buckets with a default retention insist on. `sha256`: of the body,
 * in hex.
 */
export function checksumHeaders(sha256: string): Record<string, string> {
  return { "x-amz-sdk-checksum-algorithm": "SHA256", "x-amz-checksum-sha256": checksumText(sha256) };
}

/** A SHA-256 as S3 writes it in headers and documents: base64. */
export function checksumText(sha256: string): string {
  const pairs = sha256.match(/../g) ?? [];
  return btoa(String.fromCharCode(...pairs.map((pair) => Number.parseInt(pair, 16))));
}

/** The store does not know a header: a checksum, or a condition. */
export function isUnknownHeader({ status, code }: Fault): boolean {
  return (
    status === 501 ||
    (status === 400 && /^(?:InvalidArgument|InvalidRequest|NotImplemented|UnsupportedHeader)$/.test(code))
  );
}
