/** A request as it came over the wire. */
export interface RawRequest {
  readonly method: string;
  readonly host: string;
  /** Path and query, not decoded. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A request, understood. */
export interface S3Call {
  readonly method: string;
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** What S3 answers with when it refuses. */
export class S3Error extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    details: Record<string, string> = {},
    headers: Record<string, string> = {},
  ) {
    super(code);
    this.status = status;
    this.code = code;
    this.details = details;
    this.headers = headers;
  }
}

export function xmlResponse(status: number, xml: string, headers: Record<string, string> = {}): RawResponse {
  const body = new TextEncoder().encode(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`);
  return { status, headers: { "content-type": "application/xml", ...headers }, body };
}

export function errorResponse(error: S3Error): RawResponse {
  const details = Object.entries({ Message: "as told by the fake", ...error.details, RequestId: "FAKE0123456789" });
  const inner = details.map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`).join("");
  return xmlResponse(error.status, `<Error><Code>${error.code}</Code>${inner}</Error>`, error.headers);
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] ?? "&apos;");
}

/** Splits path and query without normalising either. `style` tells where the bucket's name is. */
export function understand(raw: RawRequest, virtualBucket: string | undefined): S3Call {
  const [path = "", search = ""] = raw.target.split("?", 2);
  const query = new Map<string, string>();
  for (const pair of search.split("&").filter(Boolean)) {
    const [name = "", value = ""] = pair.split("=", 2);
    if (name.startsWith("X-Amz-")) continue; // It belongs to the signature.
    query.set(decodeURIComponent(name), decodeURIComponent(value.replaceAll("+", " ")));
  }
  const decoded = decodeURIComponent(path.slice(1));
  const slash = decoded.indexOf("/");
  const bucket = virtualBucket ?? (slash < 0 ? decoded : decoded.slice(0, slash));
  const key = virtualBucket !== undefined ? decoded : slash < 0 ? "" : decoded.slice(slash + 1);
  return { method: raw.method, bucket, key, query, headers: raw.headers, body: raw.body };
}
