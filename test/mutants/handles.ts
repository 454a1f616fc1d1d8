import type { Backend, Capabilities } from "../../src/backend/backend.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { type Mutant, mutant } from "./mutant.ts";
import { referenceBackend } from "./reference.ts";

const LESS: Capabilities = { append: false, exclusiveCreate: true, durable: true };

/** Defects of keys that the store keeps under another name. */
function renaming(rename: (key: string) => string, back: (key: string) => string = (key) => key): Mutant["damage"] {
  return (inner) => ({
    create: (key, body, o) => inner.create(rename(key), body, o),
    read: (key, o) => inner.read(rename(key), o),
    stat: (key, o) => inner.stat(rename(key), o),
    remove: (key, o) => inner.remove(rename(key), o),
    async *list(prefix, o) {
      const { startAfter, ...rest } = o ?? {};
      const after = startAfter === undefined ? {} : { startAfter: rename(startAfter) };
      for await (const { key, size } of inner.list(rename(prefix), { ...rest, ...after }))
        yield { key: back(key), size };
    },
  });
}

/** Defects of the handle itself: its members, its keys, its end. */
export const handleMutants: readonly Mutant[] = [
  mutant("no contract", () => ({ contract: undefined as unknown as 1 })),
  mutant("another contract", () => ({ contract: 2 as unknown as 1 })),
  mutant("no name", () => ({ name: "" })),
  mutant("no stat", () => ({ stat: undefined as unknown as Backend["stat"] })),
  mutant("a capability is not a boolean", () => ({
    capabilities: { ...LESS, append: true, exclusiveCreate: "yes" as unknown as boolean },
  })),
  mutant("append is declared, but missing", () => ({ append: undefined as unknown as NonNullable<Backend["append"]> })),
  mutant("move is declared, but missing", () => ({ move: undefined as unknown as NonNullable<Backend["move"]> })),
  mutant("undeclared append resolves", () => ({ append: async () => {} }), LESS),
  mutant(
    "undeclared append works",
    (_, store) =>
      referenceBackend(store) && {
        append: (key, bytes, o) => referenceBackend(store).append?.(key, bytes, o) as Promise<void>,
      },
    LESS,
  ),
  mutant(
    "undeclared append rejects with a foreign error",
    () => ({ append: () => Promise.reject(new TypeError("append is not supported")) }),
    LESS,
  ),
  mutant(
    "undeclared move works",
    (_, store) => ({ move: (from, to, o) => referenceBackend(store).move?.(from, to, o) as Promise<void> }),
    LESS,
  ),
  mutant("undeclared move resolves", () => ({ move: async () => {} }), LESS),
  mutant("liveness does not know its own token", () => ({ liveness: { token: "me", isAlive: async () => undefined } })),
  mutant("liveness takes every process for alive", () => ({ liveness: { token: "me", isAlive: async () => true } })),
  mutant("liveness rejects for what it cannot read", () => ({
    liveness: { token: "me", isAlive: async (token: string) => (token === "me" ? true : JSON.parse(token).pid === 1) },
  })),
  mutant("liveness has a long token", () => ({ liveness: { token: "x".repeat(201), isAlive: async () => true } })),

  mutant(
    "non-ASCII keys mangled",
    renaming((key) => Buffer.from(key, "latin1").toString("latin1")),
  ),
  mutant(
    "keys are decomposed",
    renaming((key) => key.normalize("NFD")),
  ),
  mutant(
    "keys are folded by compatibility",
    renaming((key) => key.normalize("NFKC")),
  ),
  mutant(
    "folds case",
    renaming((key) => key.toLowerCase()),
  ),
  mutant(
    "keys are decoded as URLs",
    renaming((key) => decodeURIComponent(key.replace(/%(?![0-9a-f]{2})/gi, "%25"))),
  ),
  mutant(
    "a plus sign is a space",
    renaming((key) => key.replaceAll("+", " ")),
  ),
  mutant(
    "listed keys are not decoded",
    renaming((key) => encodeURI(key)),
  ),
  mutant(
    "spaces at the ends of segments are trimmed",
    renaming((key) =>
      key
        .split("/")
        .map((part) => part.trim() || part)
        .join("/"),
    ),
  ),
  mutant(
    "keys are cut to 255 characters",
    renaming((key) => key.slice(0, 255)),
  ),
  mutant(
    "segments are cut to 200 bytes",
    renaming((key) =>
      key
        .split("/")
        .map((part) => Buffer.from(part).subarray(0, 200).toString())
        .join("/"),
    ),
  ),
  mutant("keys are kept in a plain object", (inner) => {
    const names: Record<string, string> = {};
    return {
      stat: async (key, o) =>
        names[key] === undefined ? inner.stat(key, o) : ((await inner.stat(key, o)) ?? { size: 0 }),
    };
  }),
  mutant("a long key rejects with a foreign error", (inner) => ({
    create: async (key, body, o) => {
      if (key.length > 255 + 4) throw Object.assign(new Error("ENAMETOOLONG"), { code: "ENAMETOOLONG" });
      await inner.create(key, body, o);
    },
  })),
  mutant(
    "characters that differ are mapped to one",
    renaming((key) => key.replaceAll(/[^\w/.]/g, "_")),
  ),

  mutant("works after close", () => ({ close: async () => {} })),
  mutant("stat works after close", (_, { objects }) => ({
    stat: async (key, o) => {
      o?.signal?.throwIfAborted();
      const bytes = objects.get(key);
      return bytes && { size: bytes.length };
    },
  })),
  mutant("a list of a closed handle is empty", (inner) => {
    let closed = false;
    return {
      close: async () => {
        closed = true;
        await inner.close();
      },
      async *list(prefix, o) {
        if (!closed) yield* inner.list(prefix, o);
      },
    };
  }),
  mutant("create of a closed handle lands", (inner, store) => ({
    create: async (key, body, o) => {
      await inner.create(key, body, o).catch(async (error: unknown) => {
        if (LedgerError.hasCode(error, "CLOSED")) await referenceBackend(store).create(key, body, o);
        throw error;
      });
    },
  })),
  mutant("a closed handle rejects with a foreign error", (inner) => ({
    read: (key, o) =>
      inner.read(key, o).catch((error: unknown) => {
        throw LedgerError.hasCode(error, "CLOSED") ? new TypeError("the file is closed") : error;
      }),
  })),
  mutant("closing twice rejects", (inner) => {
    let closed = false;
    return {
      close: async () => {
        if (closed) throw new LedgerError("CLOSED", "closed already");
        closed = true;
        await inner.close();
      },
    };
  }),
  mutant("closing one handle closes all", (inner, store) => {
    const all = handlesOf(store);
    all.push(inner);
    return {
      close: async () => {
        for (const handle of all) await handle.close?.();
      },
    };
  }),
  mutant("closing one handle empties the place", (inner, { objects }) => ({
    close: async () => {
      objects.clear();
      await inner.close();
    },
  })),
];

const opened = new WeakMap<object, Backend[]>();

function handlesOf(store: object): Backend[] {
  const found = opened.get(store) ?? [];
  opened.set(store, found);
  return found;
}
