import { type Mutant, later, mutant } from "./mutant.ts";
import { noting } from "./streams.ts";

/** Parts of objects that somebody can see. */
export const halfMutants: readonly Mutant[] = [
  mutant("half-written object visible", (inner, { objects }) => ({
    create: async (key, body, o) => {
      if (body instanceof Uint8Array || objects.has(key)) return inner.create(key, body, o);
      const seen: number[] = [];
      const show = (chunk: Uint8Array): unknown =>
        objects.set(key, Uint8Array.from([...seen, ...chunk.subarray(0, 100)]));
      try {
        await inner.create(
          `${key}.part`,
          noting(body, show, () => objects.delete(key)),
          o,
        );
        objects.set(key, objects.get(`${key}.part`) as Uint8Array);
      } catch (error) {
        objects.delete(key);
        throw error;
      } finally {
        objects.delete(`${key}.part`);
      }
    },
  })),
  mutant("half-written bytes visible, without a stream", (inner, { objects }) => ({
    create: async (key, body, o) => {
      if (!(body instanceof Uint8Array) || objects.has(key)) return inner.create(key, body, o);
      await inner.create(key, body.subarray(0, body.length >> 1), o);
      await later();
      objects.set(key, new Uint8Array(body));
    },
  })),
  mutant("a temporary file is listed while a stream comes in", (inner, { objects }) => ({
    create: async (key, body, o) => {
      if (body instanceof Uint8Array) return inner.create(key, body, o);
      const part = `tmp-${key.replaceAll("/", "-")}`;
      try {
        await inner.create(
          key,
          noting(body, (chunk) => objects.set(part, chunk.slice())),
          o,
        );
      } finally {
        objects.delete(part);
      }
    },
  })),
  mutant("a temporary file is left when a stream fails", (inner, { objects }) => ({
    create: (key, body, o) =>
      inner.create(key, body, o).catch((error: unknown) => {
        if (!(body instanceof Uint8Array) && !objects.has(key) && o?.signal?.aborted !== true)
          objects.set(`tmp-${key.replaceAll("/", "-")}`, new Uint8Array(1));
        throw error;
      }),
  })),
  mutant("torn object left by an abort under way", (inner, { objects }) => ({
    create: (key, body, o) =>
      inner.create(key, body, o).catch((error: unknown) => {
        if (!(body instanceof Uint8Array) && body.size === undefined && !objects.has(key))
          objects.set(key, new Uint8Array(10));
        throw error;
      }),
  })),
];
