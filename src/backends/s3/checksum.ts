import type { Fault } from "./errors.ts";

/** Headers that begin a multipart upload whose parts have checksums. The store refuses parts with another algorithm. */
export const UPLOAD_CHECKSUM: Readonly<Record<string, string>> = { "x-amz-checksum-algorithm": "SHA256" };

/**
 * Returns headers with which a store checks a body. Buckets with a default retention require them. `sha256` is the hash
 * of the body in hex.
 */
export function checksumHeaders(sha256: string): Record<string, string> {
  return { "x-amz-sdk-checksum-algorithm": "SHA256", "x-amz-checksum-sha256": checksumText(sha256) };
}

/** Returns a SHA-256 in base64, as S3 writes it in headers and documents. */
export function checksumText(sha256: string): string {
  const pairs = sha256.match(/../g) ?? [];
  return btoa(String.fromCharCode(...pairs.map((pair) => Number.parseInt(pair, 16))));
}

/** Returns whether a store refused a request because it does not know a header: a checksum, or a condition. */
export function isUnknownHeader({ status, code }: Fault): boolean {
  return (
    status === 501 ||
    (status === 400 && /^(?:InvalidArgument|InvalidRequest|NotImplemented|UnsupportedHeader)$/.test(code))
  );
}
