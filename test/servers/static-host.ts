import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { memoryBackend, type MemoryBackend } from "../../src/backends/memory/index.ts";
import { LedgerError } from "../../src/index.ts";

/** How the host misbehaves. Every member may change while it runs. */
export interface Quirks {
  /** Ignores `Range`. */
  noRanges?: boolean;
  /** Ignores `Range`, and states no length. */
  chunked?: boolean;
  /** Compresses whole answers, as many servers do if the client accepts it or not. */
  gzip?: boolean;
  /** Compresses what it sends for a range, too: a part of the compressed object. */
  gzipRanges?: boolean;
  /** What `Content-Range` says instead. */
  contentRange?: (right: string) => string | undefined;
  /** Sends more or fewer bytes than asked for. */
  body?: (right: Uint8Array, key: string) => Uint8Array;
  /** Answers these requests otherwise. */
  answer?: (key: string, request: IncomingMessage, response: ServerResponse) => boolean;
  /** The status for what is not there. `"page"`: 200 and a web page. Default 404. */
  missing?: 403 | 404 | 410 | "page";
  /** The `ETag` of an object. Default: a strong one of its bytes. */
  tag?: (key: string, right: string) => string | undefined;
  /** Sends CORS headers for all origins. */
  cors?: boolean;
}

/** A host of static files that counts requests. */
export interface StaticHost {
  readonly url: string;
  readonly place: MemoryBackend;
  readonly quirks: Quirks;
  /** Each request: the method, the key, and the range if there is one. */
  readonly requests: string[];
  /** The headers of each request. */
  readonly headers: IncomingMessage["headers"][];
  close(): Promise<void>;
}

const PAGE = "<!doctype html><html><title>Welcome</title></html>";

/** Starts a host that serves what a place in memory holds, below `/some/place/`. */
export async function startStaticHost(place: MemoryBackend = memoryBackend()): Promise<StaticHost> {
  const quirks: Quirks = {};
  const requests: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const server: Server = createServer((request, response) => {
    const key = keyOf(request.url ?? "/");
    const { range } = request.headers;
    requests.push(`${request.method} ${key}${range === undefined ? "" : ` ${range}`}`);
    headers.push(request.headers);
    if (quirks.answer?.(key, request, response) === true) return;
    void respond(place, quirks, key, request.method ?? "GET", request.headers).then((answer) =>
      response.writeHead(answer.status, answer.headers).end(answer.body),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/some/place`,
    place,
    quirks,
    requests,
    headers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Returns an empty place in memory. */
export function newPlace(): MemoryBackend {
  return memoryBackend();
}

/** Returns a `fetch` of the same host that needs no network. */
export function asFetch(place: MemoryBackend, quirks: Quirks = {}): typeof globalThis.fetch {
  return async (input, init) => {
    const headers = Object.fromEntries(new Headers(init?.headers));
    init?.signal?.throwIfAborted();
    const answer = await respond(place, quirks, keyOf(String(input)), init?.method ?? "GET", headers);
    const { status, body } = answer;
    const isEmpty = status === 304 || body === undefined;
    return new Response(isEmpty ? null : (body as Uint8Array<ArrayBuffer>), { status, headers: answer.headers });
  };
}

function keyOf(url: string): string {
  return decodeURIComponent(new URL(url, "http://host").pathname).replace(/^\/some\/place\//, "");
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body?: Uint8Array | undefined;
}

async function respond(
  place: MemoryBackend,
  quirks: Quirks,
  key: string,
  method: string,
  asked: Readonly<Record<string, string | string[] | undefined>>,
): Promise<Answer> {
  const headers: Record<string, string> = {};
  const body = (bytes: Uint8Array): { body: Uint8Array | undefined } => ({
    body: method === "HEAD" ? undefined : bytes,
  });
  if (quirks.cors) {
    headers["access-control-allow-origin"] = "*";
    headers["access-control-expose-headers"] = "Content-Range, ETag, Content-Encoding";
  }
  let bytes: Uint8Array;
  try {
    bytes = await place.read(key);
  } catch (error) {
    if (!LedgerError.is(error)) throw error;
    const { missing = 404 } = quirks;
    headers["content-type"] = missing === "page" ? "text/html; charset=utf-8" : "text/plain";
    const text = missing === "page" ? PAGE : "nothing here";
    return { status: missing === "page" ? 200 : missing, headers, ...body(new TextEncoder().encode(text)) };
  }
  const strong = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}"`;
  const tag = quirks.tag ? quirks.tag(key, strong) : strong;
  if (tag !== undefined) headers["etag"] = tag;
  headers["content-type"] = "application/octet-stream";
  if (tag !== undefined && asked["if-none-match"] === tag) return { status: 304, headers };
  const range = quirks.noRanges || quirks.chunked ? null : /^bytes=(\d+)-(\d*)$/.exec(String(asked["range"] ?? ""));
  if (range === null) {
    const sent = quirks.gzip ? gzipSync(bytes) : (quirks.body?.(bytes, key) ?? bytes);
    if (quirks.gzip) headers["content-encoding"] = "gzip";
    if (!quirks.chunked) headers["content-length"] = String(sent.length);
    return { status: 200, headers, ...body(sent) };
  }
  const source = quirks.gzipRanges ? gzipSync(bytes) : bytes;
  const start = Number(range[1]);
  const end = range[2] === "" ? source.length : Math.min(source.length, Number(range[2]) + 1);
  if (start >= source.length)
    return {
      status: 416,
      headers: { ...headers, "content-range": `bytes */${source.length}` },
      ...body(new Uint8Array()),
    };
  if (quirks.gzipRanges) headers["content-encoding"] = "gzip";
  const right = `bytes ${start}-${end - 1}/${source.length}`;
  const told = quirks.contentRange ? quirks.contentRange(right) : right;
  if (told !== undefined) headers["content-range"] = told;
  const part = source.subarray(start, end);
  const sent = quirks.body?.(part, key) ?? part;
  headers["content-length"] = String(sent.length);
  return { status: 206, headers, ...body(sent) };
}
