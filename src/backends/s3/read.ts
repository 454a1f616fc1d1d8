import type { ByteRange } from "../../backend/backend.ts";
import { clampRange } from "../../backend/body.ts";
import { statedLength } from "../../backend/requests/answer-body.ts";
import { failure, strangeAnswer } from "./errors.ts";
import type { Answer, Client, S3Request } from "./request.ts";

interface Reading {
  readonly operation: string;
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
  /** Makes only one attempt. */
  readonly once?: boolean;
}

/** Returns the bytes of an object or of a range of it. Rejects with `NOT_FOUND`, `TOO_LARGE`, … */
export async function readObject(client: Client, reading: Reading, range: ByteRange | undefined): Promise<Uint8Array> {
  const subject = client.subject(reading);
  const { start, end } = clampRange(range, Number.MAX_SAFE_INTEGER);
  if (range !== undefined && start === end) {
    if ((await objectSize(client, reading)) !== undefined) return new Uint8Array();
    throw failure(subject, "NOT_FOUND", "there is no such object");
  }
  const headers: Record<string, string> = {};
  if (range !== undefined) headers["range"] = `bytes=${start}-${range.length === undefined ? "" : end - 1}`;
  const outcome = await get(client, reading, { headers, maxBytes: client.settings.maxReadBytes });
  if (outcome.fault !== undefined) {
    if (outcome.fault.status === 416 && range !== undefined) return new Uint8Array();
    throw outcome.fault.error;
  }
  const { answer } = outcome;
  if (range === undefined || answer.status !== 206) return cut(answer.bytes, range);
  const told = contentRange(answer);
  const got = answer.bytes.byteLength;
  // In a browser, Content-Range may be hidden.
  const right =
    told === undefined ? got <= end - start : told.start === start && got === Math.min(end, told.size) - start;
  if (!right) throw strangeAnswer(subject, "the store sent a wrong range", answer.status);
  return answer.bytes;
}

/**
 * Returns the size of an object, or `undefined` if it does not exist. Requests its first byte: unlike the response to a
 * HEAD, that response distinguishes a missing object from a missing bucket.
 */
export async function objectSize(client: Client, reading: Reading): Promise<number | undefined> {
  const { answer, fault } = await get(client, reading, {
    headers: { range: "bytes=0-0" },
    maxBytes: 1,
    headOnly: true,
  });
  if (fault !== undefined) {
    if (fault.status === 416) return 0; // The object is empty.
    if (fault.code === "NoSuchKey") return undefined;
    throw fault.error;
  }
  // A store that ignores Range sends everything, and need not state the size.
  const size = answer.status === 206 ? contentRange(answer)?.size : (statedLength(answer.headers) ?? answer.length);
  if (size !== undefined) return size;
  throw strangeAnswer(
    client.subject(reading),
    "the answer states no size; in a browser the bucket's CORS rule must expose Content-Range",
    answer.status,
  );
}

function get(
  client: Client,
  reading: Reading,
  more: Pick<S3Request, "headers" | "maxBytes" | "headOnly">,
): ReturnType<Client["once"]> {
  const { operation, key, signal } = reading;
  const request: S3Request = { operation, key, method: "GET", object: client.settings.base + key, signal, ...more };
  return reading.once === true ? client.once(request) : client.call(request);
}

function contentRange({ headers }: Answer): { start: number; size: number } | undefined {
  const match = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(headers.get("content-range") ?? "");
  return match === null ? undefined : { start: Number(match[1]), size: Number(match[2]) };
}

/** Returns a range of the bytes of a store that ignores Range. */
function cut(bytes: Uint8Array, range: ByteRange | undefined): Uint8Array {
  if (range === undefined) return bytes;
  const { start, end } = clampRange(range, bytes.byteLength);
  return bytes.slice(start, end);
}
