import { type Mutant, mutant } from "./mutant.ts";

/** Defects of `read` and `stat`. */
export const readMutants: readonly Mutant[] = [
  mutant("hands out the stored bytes themselves", (inner, { objects }) => ({
    read: async (key, o) => {
      const copy = await inner.read(key, o);
      return o?.range === undefined ? (objects.get(key) ?? copy) : copy;
    },
  })),
  mutant("a range is a view on the stored bytes", (inner, { objects }) => ({
    read: async (key, o) => {
      const copy = await inner.read(key, o);
      const { offset = 0 } = o?.range ?? {};
      return o?.range === undefined ? copy : (objects.get(key) as Uint8Array).subarray(offset, offset + copy.length);
    },
  })),
  mutant("returns a Buffer", (inner) => ({ read: async (key, o) => Buffer.from(await inner.read(key, o)) })),
  mutant("returns a view on a larger buffer", (inner) => ({
    read: async (key, o) => {
      const bytes = await inner.read(key, o);
      const pool = new Uint8Array(bytes.length + 64);
      pool.set(bytes, 32);
      return pool.subarray(32, 32 + bytes.length);
    },
  })),
  mutant("returns a view whose buffer is longer at the end", (inner) => ({
    read: async (key, o) => {
      const bytes = await inner.read(key, o);
      const pool = new Uint8Array(bytes.length + 8);
      pool.set(bytes);
      return pool.subarray(0, bytes.length);
    },
  })),
  mutant("read of a missing key gives no bytes", (inner) => ({
    read: async (key, o) => ((await inner.stat(key, o)) === undefined ? new Uint8Array(0) : inner.read(key, o)),
  })),
  mutant("a range of what is not there gives no bytes", (inner) => ({
    read: async (key, o) => {
      if (o?.range !== undefined && (await inner.stat(key, o)) === undefined) return new Uint8Array(0);
      return inner.read(key, o);
    },
  })),
  mutant("no bytes of what is not there asks nobody", (inner) => ({
    read: async (key, o) => (o?.range?.length === 0 ? new Uint8Array(0) : inner.read(key, o)),
  })),
  mutant("read of a mere prefix succeeds", (inner, { objects }) => ({
    read: async (key, o) => {
      const under = [...objects.keys()].some((one) => one.startsWith(`${key}/`));
      return under && !objects.has(key) ? new Uint8Array(0) : inner.read(key, o);
    },
  })),
  mutant("stat of a mere prefix succeeds", (inner, { objects }) => ({
    stat: async (key, o) => {
      const under = [...objects.keys()].some((one) => one.startsWith(`${key}/`));
      return (await inner.stat(key, o)) ?? (under ? { size: 0 } : undefined);
    },
  })),
  mutant("read below an object gives the object", (inner) => ({
    read: async (key, o) => {
      const above = key.slice(0, Math.max(0, key.lastIndexOf("/")));
      return inner.read(above !== "" && (await inner.stat(above, o)) !== undefined ? above : key, o);
    },
  })),
  mutant("read finds a key that only begins like it", (inner, { objects }) => ({
    read: async (key, o) =>
      inner.read(objects.has(key) ? key : ([...objects.keys()].find((one) => one.startsWith(key)) ?? key), o),
  })),
  mutant("stat of what is not there rejects", (inner) => ({
    stat: async (key, o) => {
      const found = await inner.stat(key, o);
      if (found === undefined) await inner.read(key, o);
      return found;
    },
  })),
  mutant("stat of what is not there is a size of 0", (inner) => ({
    stat: async (key, o) => (await inner.stat(key, o)) ?? { size: 0 },
  })),
  mutant("stat of an empty object is undefined", (inner) => ({
    stat: async (key, o) => {
      const found = await inner.stat(key, o);
      return found?.size === 0 ? undefined : found;
    },
  })),
  mutant("stat counts blocks", (inner) => ({
    stat: async (key, o) => {
      const found = await inner.stat(key, o);
      return found && { size: Math.ceil(found.size / 512) * 512 };
    },
  })),
  mutant("a range is read off by one", (inner) => ({
    read: async (key, o) => inner.read(key, o?.range ? { ...o, range: { ...o.range, offset: o.range.offset + 1 } } : o),
  })),
  mutant("a range has one byte too many", (inner) => ({
    read: async (key, o) =>
      inner.read(key, o?.range?.length === undefined ? o : { ...o, range: { ...o.range, length: o.range.length + 1 } }),
  })),
  mutant("a range past the end is filled with zeros", (inner) => ({
    read: async (key, o) => {
      const bytes = await inner.read(key, o);
      const length = o?.range?.length ?? 0;
      if (length <= bytes.length || length > 1_000_000) return bytes;
      const filled = new Uint8Array(length);
      filled.set(bytes);
      return filled;
    },
  })),
  mutant("a range past the end rejects", (inner) => ({
    read: async (key, o) => {
      const size = (await inner.stat(key, o))?.size;
      if (o?.range !== undefined && size !== undefined && o.range.offset > size) throw new RangeError("416");
      return inner.read(key, o);
    },
  })),
  mutant("a range at the end rejects", (inner) => ({
    read: async (key, o) => {
      const size = (await inner.stat(key, o))?.size;
      if (o?.range !== undefined && o.range.offset === size) throw new RangeError("416");
      return inner.read(key, o);
    },
  })),
  mutant("allocates as much as a range asks for", (inner) => ({
    read: async (key, o) => {
      if (o?.range?.length !== undefined) new Uint8Array(o.range.length).fill(0);
      return inner.read(key, o);
    },
  })),
  mutant("a range without length reads one page", (inner) => ({
    read: async (key, o) =>
      o?.range && o.range.length === undefined ? (await inner.read(key, o)).slice(0, 512) : inner.read(key, o),
  })),
  mutant("a length of 0 means to the end", (inner) => ({
    read: async (key, o) => inner.read(key, o?.range?.length === 0 ? { ...o, range: { offset: o.range.offset } } : o),
  })),
  mutant("offsets are kept in 20 bits", (inner) => ({
    read: async (key, o) => {
      const offset = o?.range?.offset ?? 0;
      return inner.read(
        key,
        o?.range && offset < 2 ** 32 ? { ...o, range: { ...o.range, offset: offset & 0xfffff } } : o,
      );
    },
  })),
  mutant("reads at once share a position", (inner) => {
    let position = 0;
    return {
      read: async (key, o) => {
        if (o?.range === undefined) return inner.read(key, o);
        position = o.range.offset;
        await inner.stat(key, o);
        return inner.read(key, { ...o, range: { ...o.range, offset: position } });
      },
    };
  }),
];
