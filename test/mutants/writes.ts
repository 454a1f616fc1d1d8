import type { Body } from "../../src/backend/backend.ts";
import { collectBody } from "../../src/backend/body.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { type Mutant, later, mutant } from "./mutant.ts";
import { noting } from "./streams.ts";

function truncating(limit: number): Mutant["damage"] {
  return (inner) => ({
    create: async (key, body, o) => inner.create(key, (await collectBody(body, o?.signal, key)).slice(0, limit), o),
  });
}

async function putAnyway(objects: Map<string, Uint8Array>, key: string, body: Body): Promise<void> {
  objects.set(key, await collectBody(body, undefined, key));
}

/** Defects of `create`. */
export const writeMutants: readonly Mutant[] = [
  mutant("create overwrites", (inner, { objects }) => ({
    create: async (key, body, o) => {
      await inner.stat(key, o);
      await putAnyway(objects, key, body);
    },
  })),
  mutant("create of an existing key resolves and keeps the old bytes", (inner) => ({
    create: (key, body, o) =>
      inner.create(key, body, o).catch((error: unknown) => {
        if (!LedgerError.hasCode(error, "EXISTS")) throw error;
      }),
  })),
  mutant("create of the same bytes resolves", (inner) => ({
    create: async (key, body, o) => {
      if (body instanceof Uint8Array && (await inner.stat(key, o))?.size === body.length) return;
      await inner.create(key, body, o);
    },
  })),
  mutant("create from a stream overwrites", (inner, { objects }) => ({
    create: async (key, body, o) => {
      await inner.stat(key, o);
      if (!(body instanceof Uint8Array)) {
        const bytes = await collectBody(body, o?.signal, key);
        objects.delete(key);
        return inner.create(key, bytes, o);
      }
      await inner.create(key, body, o);
    },
  })),
  mutant("a refused create removes the object", (inner) => ({
    create: async (key, body, o) => {
      try {
        await inner.create(key, body, o);
      } catch (error) {
        if (LedgerError.hasCode(error, "EXISTS")) await inner.remove(key);
        throw error;
      }
    },
  })),
  mutant("check-then-set race", (inner, { objects }) => ({
    create: async (key, body, o) => {
      if ((await inner.stat(key, o)) !== undefined) return inner.create(key, body, o);
      const bytes = await collectBody(body, o?.signal, key);
      await later();
      objects.set(key, bytes);
    },
  })),
  mutant("checks for EXISTS only before the stream", (inner, { objects }) => ({
    create: async (key, body, o) => {
      if (body instanceof Uint8Array || (await inner.stat(key, o)) !== undefined) return inner.create(key, body, o);
      objects.set(key, await collectBody(body, o?.signal, key));
    },
  })),
  mutant("durable create overwrites", (inner, { objects }) => ({
    create: async (key, body, o) => {
      if (o?.durable !== true) return inner.create(key, body, o);
      await inner.stat(key, o);
      await putAnyway(objects, key, body);
    },
  })),
  mutant("durable create keeps no stream", (inner) => ({
    create: async (key, body, o) => {
      await inner.create(key, body instanceof Uint8Array || o?.durable !== true ? body : new Uint8Array(0), o);
    },
  })),
  mutant("value truncated at 4 kB", truncating(4096)),
  mutant("value truncated above 1 MiB", truncating(1024 * 1024)),
  mutant("value truncated above 8 MiB", truncating(8 * 1024 * 1024)),
  mutant("empty value lost", (inner) => ({
    create: async (key, body, o) => {
      const bytes = await collectBody(body, o?.signal, key);
      if (bytes.length === 0) await inner.stat(key, o);
      else await inner.create(key, bytes, o);
    },
  })),
  mutant("keeps the caller's buffer", (inner, { objects }) => ({
    create: async (key, body, o) => {
      await inner.create(key, body, o);
      if (body instanceof Uint8Array) objects.set(key, body);
    },
  })),
  mutant("keeps a chunk of the caller's stream", (inner, { objects }) => ({
    create: async (key, body, o) => {
      if (body instanceof Uint8Array) return inner.create(key, body, o);
      const chunks: Uint8Array[] = [];
      await inner.create(
        key,
        noting(body, (chunk) => chunks.push(chunk)),
        o,
      );
      if (chunks.length === 1) objects.set(key, chunks[0] as Uint8Array);
    },
  })),
  mutant("copies with slice, which aliases a Buffer", (inner, { objects }) => ({
    create: async (key, body, o) => {
      await inner.create(key, body, o);
      if (body instanceof Uint8Array) objects.set(key, body.slice());
    },
  })),
  mutant("ignores byteOffset", (inner) => ({
    create: (key, body, o) =>
      inner.create(key, body instanceof Uint8Array ? new Uint8Array(body.buffer, 0, body.length) : body, o),
  })),
  mutant("writes the whole buffer under a view", (inner) => ({
    create: (key, body, o) => inner.create(key, body instanceof Uint8Array ? new Uint8Array(body.buffer) : body, o),
  })),
  mutant("changes the caller's bytes", (inner) => ({
    create: async (key, body, o) => {
      await inner.create(key, body, o);
      if (body instanceof Uint8Array && body.length > 0) body[0] = (body[0] as number) ^ 0xff;
    },
  })),
  mutant("text round trip", (inner) => ({
    create: async (key, body, o) => {
      const text = new TextDecoder().decode(await collectBody(body, o?.signal, key));
      await inner.create(key, new TextEncoder().encode(text), o);
    },
  })),
  mutant("line ends converted", (inner) => ({
    create: async (key, body, o) =>
      inner.create(
        key,
        (await collectBody(body, o?.signal, key)).filter((byte) => byte !== 0x0d),
        o,
      ),
  })),
  mutant("key blocked after a failed create", (inner) => {
    const blocked = new Set<string>();
    return {
      create: async (key, body, o) => {
        if (blocked.has(key)) throw new LedgerError("EXISTS", "it is locked", { key });
        await inner.create(key, body, o).catch((error: unknown) => {
          if (!LedgerError.hasCode(error, "EXISTS")) blocked.add(key);
          throw error;
        });
      },
    };
  }),
  mutant("two creates at once mix their bytes", (inner) => {
    let buffer = new Uint8Array(0);
    return {
      create: async (key, body, o) => {
        if (!(body instanceof Uint8Array)) return inner.create(key, body, o);
        buffer = new Uint8Array(body);
        await inner.stat(key, o);
        await inner.create(key, buffer, o);
      },
    };
  }),
];
