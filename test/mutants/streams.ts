import type { Body, ByteStream } from "../../src/backend/backend.ts";
import { collectBody } from "../../src/backend/body.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { type Mutant, mutant } from "./mutant.ts";

/** The same bytes without their stated size. */
function unsized(body: Body): Body {
  if (body instanceof Uint8Array) return body;
  return { [Symbol.asyncIterator]: () => body[Symbol.asyncIterator]() };
}

/** Defects of `create` from a stream. */
export const streamMutants: readonly Mutant[] = [
  mutant("loses all but the first chunk", (inner) => ({
    create: async (key, body, o) => {
      if (body instanceof Uint8Array || body.size !== undefined) return inner.create(key, body, o);
      const first = await body[Symbol.asyncIterator]().next();
      await inner.create(key, first.done === true ? new Uint8Array(0) : first.value, o);
    },
  })),
  mutant("an empty chunk ends the stream", (inner) => ({
    create: (key, body, o) => inner.create(key, body instanceof Uint8Array ? body : untilEmpty(body), o),
  })),
  mutant("size of a stream not checked", (inner) => ({
    create: (key, body, o) => inner.create(key, unsized(body), o),
  })),
  mutant("short stream padded to its size", (inner) => ({
    create: async (key, body, o) => {
      if (body instanceof Uint8Array || body.size === undefined) return inner.create(key, body, o);
      const bytes = await collectBody(unsized(body), o?.signal, key);
      if (bytes.length >= body.size) return inner.create(key, bytes.slice(0, body.size), o);
      const padded = new Uint8Array(body.size);
      padded.set(bytes);
      await inner.create(key, padded, o);
    },
  })),
  mutant("failing stream leaves what came before", (inner, { objects }) => ({
    create: async (key, body, o) => {
      const chunks: number[] = [];
      const stream = body instanceof Uint8Array ? body : noting(body, (chunk) => chunks.push(...chunk.slice(0, 10)));
      await inner.create(key, stream, o).catch((error: unknown) => {
        if (chunks.length > 0 && !objects.has(key)) objects.set(key, Uint8Array.from(chunks));
        throw error;
      });
    },
  })),
  mutant("failing stream ends the object instead of the call", (inner) => ({
    create: (key, body, o) => inner.create(key, body instanceof Uint8Array ? body : untilFailure(body), o),
  })),
  mutant("failure of a stream replaced by another", (inner) => ({
    create: (key, body, o) => {
      let failed = false;
      const stream =
        body instanceof Uint8Array
          ? body
          : noting(
              body,
              () => {},
              () => (failed = true),
            );
      return inner.create(key, stream, o).catch((error: unknown) => {
        throw failed && o?.signal === undefined ? new LedgerError("IO", "the stream failed", { key }) : error;
      });
    },
  })),
];

/** Passes on a stream. Calls `failed` when the stream throws. */
export function noting(
  body: ByteStream,
  seen: (chunk: Uint8Array) => unknown,
  failed: () => unknown = () => {},
): ByteStream {
  async function* generate(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of body) {
        seen(chunk);
        yield chunk;
      }
    } catch (error) {
      failed();
      throw error;
    }
  }
  const stream = { [Symbol.asyncIterator]: generate };
  return body.size === undefined ? stream : Object.assign(stream, { size: body.size });
}

async function* untilEmpty(body: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body) {
    if (chunk.length === 0) return;
    yield chunk;
  }
}

async function* untilFailure(body: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch {
    // The defect: nobody gets the error.
  }
}
