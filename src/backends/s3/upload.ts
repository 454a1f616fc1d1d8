import type { Body } from "../../backend/backend.ts";
import { bodySize } from "../../backend/body.ts";
import { MAX_PARTS, putParts } from "./multipart.ts";
import type { Part } from "./parts.ts";
import { partsOf } from "./parts.ts";
import type { ConditionProbe } from "./probe.ts";
import type { Creation } from "./put.ts";
import { putObject } from "./put.ts";
import type { Client } from "./request.ts";

/**
 * Creates an object. Uses one PUT for up to the size of two parts, or of one part if the size is unknown, and a
 * multipart upload for more. Uses the memory of a few parts, however large the object is.
 */
export async function createObject(
  client: Client,
  probe: ConditionProbe,
  creation: Creation,
  body: Body,
): Promise<void> {
  const { signal } = creation;
  const stop = new AbortController();
  const forward = (): void => stop.abort(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener("abort", forward, { once: true });
  const parts = partsOf(body, partLimit(bodySize(body), client.settings.partBytes), stop.signal, creation.key);
  try {
    const first = (await parts.next()).value as Part;
    if (first.last) await putObject(client, probe, creation, first.bytes);
    else await putParts(client, creation, prepend(first, parts), stop);
  } finally {
    signal?.removeEventListener("abort", forward);
    parts.return().catch(() => {});
  }
}

function partLimit(size: number | undefined, partBytes: number): number {
  if (size === undefined) return partBytes;
  return size <= 2 * partBytes ? Math.max(size, 1) : Math.max(partBytes, Math.ceil(size / MAX_PARTS));
}

async function* prepend(first: Part, rest: AsyncIterable<Part>): AsyncGenerator<Part, void, undefined> {
  yield first;
  yield* rest;
}
