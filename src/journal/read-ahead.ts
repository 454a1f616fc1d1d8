import type { Backend, CallOptions } from "../backend/backend.ts";
import type { SegmentEntry } from "./segment.ts";
import { READ_BYTES, type SegmentSource } from "./segment-reader.ts";

/** Segments that are read at a time. */
const AT_ONCE = 16;
/** Bytes that wait at most, unless the first segment alone has more. */
const WAITING_BYTES: number = 16 * 1024 * 1024;

/**
 * Returns a source that requests the beginnings of segments before they are needed, for a reader that reads the
 * segments in order. It makes no request more, unless that reader ends early.
 */
export function readAhead(
  backend: Backend,
  segments: readonly SegmentEntry[],
  options: CallOptions | undefined,
): SegmentSource {
  if (segments.length < 2) return backend;
  const waiting = new Map<string, { readonly read: Promise<Uint8Array>; readonly bytes: number }>();
  let next = 0;
  let bytes = 0;
  const fill = (): void => {
    for (; next < segments.length && waiting.size < AT_ONCE; next++) {
      const { key, size } = segments[next]!;
      const own = Math.min(size, READ_BYTES);
      if (waiting.size > 0 && bytes + own > WAITING_BYTES) return;
      const read = backend.read(key, { ...options, range: { offset: 0, length: READ_BYTES } });
      // The reader gets the failure when it comes to this segment.
      read.catch(() => {});
      waiting.set(key, { read, bytes: own });
      bytes += own;
    }
  };
  return {
    stat: (key, asked) => backend.stat(key, asked),
    read: async (key, asked) => {
      fill();
      const first = waiting.get(key);
      const isFirst = asked?.range?.offset === 0 && asked.range.length === READ_BYTES;
      if (first === undefined || !isFirst) return await backend.read(key, asked);
      waiting.delete(key);
      bytes -= first.bytes;
      fill();
      return await first.read;
    },
  };
}
