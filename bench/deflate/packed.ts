import type { Workload } from "../workloads.ts";

/** A page of points before it is compressed. `parts`: the ends of its planes and metrics. */
export interface PointsPage {
  readonly bytes: Uint8Array;
  readonly parts: readonly number[];
}

type Points = Pick<Workload, "keys" | "steps" | "times" | "columns">;

/** Returns one file: the length of a JSON text, the text, and bytes. */
function pack(head: unknown, parts: readonly Uint8Array[]): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(head));
  const padded = Math.ceil((4 + text.length) / 8) * 8;
  const bytes = new Uint8Array(padded + parts.reduce((sum, { length }) => sum + length, 0));
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  let at = padded;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Returns the JSON of a packed file, and where its bytes begin. */
function unpack(file: Uint8Array): [head: unknown, at: number] {
  const length = new DataView(file.buffer, file.byteOffset).getUint32(0, true);
  const head: unknown = JSON.parse(new TextDecoder().decode(file.subarray(4, 4 + length)));
  return [head, Math.ceil((4 + length) / 8) * 8];
}

export function packPages(pages: readonly PointsPage[]): Uint8Array {
  return pack(
    pages.map(({ bytes, parts }) => [bytes.length, parts]),
    pages.map(({ bytes }) => bytes),
  );
}

export function unpackPages(file: Uint8Array): PointsPage[] {
  const [head, start] = unpack(file);
  let at = start;
  return (head as [number, number[]][]).map(([length, parts]) => ({
    bytes: file.slice(at, (at += length)),
    parts,
  }));
}

export function packWorkload({ keys, steps, times, columns }: Points): Uint8Array {
  const all = [steps, times, ...columns].map((column) => new Uint8Array(column.slice().buffer));
  return pack({ keys, rows: steps.length }, all);
}

export function unpackWorkload(file: Uint8Array): Points {
  const [head, start] = unpack(file);
  const { keys, rows } = head as { keys: string[]; rows: number };
  const column = (i: number): Float64Array =>
    new Float64Array(file.slice(start + 8 * rows * i, start + 8 * rows * (i + 1)).buffer);
  return { keys, steps: column(0), times: column(1), columns: keys.map((_, k) => column(k + 2)) };
}
