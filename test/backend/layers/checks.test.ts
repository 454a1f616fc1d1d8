import { expect, test } from "vitest";
import type { Backend, Entry } from "../../../src/backend/backend.ts";
import { byteStream } from "../../../src/backend/body.ts";
import { LedgerError } from "../../../src/errors/ledger-error.ts";
import { withChecks } from "../../../src/backend/layers/checks.ts";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { bytes } from "./scripted.ts";

/** A backend whose methods can be replaced one by one. */
function fake(own: Record<string, unknown> = {}): Backend {
  const never = async (): Promise<never> => {
    throw new Error("not expected");
  };
  return {
    contract: 1,
    name: "fake",
    capabilities: { append: true, exclusiveCreate: true, durable: false, move: true },
    create: never,
    read: never,
    stat: never,
    list: never,
    remove: never,
    append: never,
    move: never,
    ...own,
  } as unknown as Backend;
}

const listing = (...entries: unknown[]): Backend =>
  fake({
    async *list() {
      yield* entries as Entry[];
    },
  });

async function keys(backend: Backend, prefix = "", options = {}): Promise<string[]> {
  const out: string[] = [];
  for await (const { key } of backend.list(prefix, options)) out.push(key);
  return out;
}

test.each([
  [undefined, "backend"],
  [null, "backend"],
  ["fs", "backend"],
  [{}, "backend"],
  [fake({ contract: 2 }), "backend.contract"],
  [fake({ contract: "1" }), "backend.contract"],
  [fake({ name: 1 }), "backend.name"],
  [fake({ capabilities: undefined }), "backend.capabilities"],
  [fake({ capabilities: { append: 1, exclusiveCreate: true, durable: true } }), "backend.capabilities.append"],
  [fake({ read: undefined }), "backend.read"],
  [fake({ append: undefined }), "backend.append"],
  [fake({ move: undefined }), "backend.move"],
  [fake({ close: 5 }), "backend.close"],
  [fake({ liveness: {} }), "backend.liveness.token"],
  [fake({ liveness: { token: "x".repeat(201), isAlive: () => {} } }), "backend.liveness.token"],
  [fake({ liveness: { token: "x" } }), "backend.liveness.isAlive"],
])("not a backend (case %#): the error names the field", (value, field) => {
  expect(() => withChecks(value as Backend)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }));
});

test("only writers read a computed token, and it is checked then", () => {
  let asked = 0;
  class Lazy {
    get token() {
      asked++;
      return asked === 1 ? "x" : 5;
    }
    isAlive = async () => undefined;
  }
  const { liveness } = withChecks(fake({ liveness: new Lazy() }));
  expect(asked).toBe(0);
  expect(liveness?.token).toBe("x");
  expect(() => liveness?.token).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", field: "backend.liveness.token" }),
  );
});

test("append and move exist exactly if they are declared", () => {
  expect(withChecks(fake())).toMatchObject({ append: expect.any(Function), move: expect.any(Function) });
  const bare = withChecks(fake({ capabilities: { append: false, exclusiveCreate: true, durable: false } }));
  expect([bare.append, bare.move]).toEqual([undefined, undefined]);
});

test("keys, bodies and ranges are checked before the backend is called", async () => {
  const backend = withChecks(fake());
  for (const key of ["", "../x", ".tmp-1", "a//b", undefined as unknown as string]) {
    const calls = [
      backend.create(key, bytes("x")),
      backend.read(key),
      backend.stat(key),
      backend.remove(key),
      backend.append?.(key, bytes("x")),
      backend.move?.(key, "a"),
      backend.move?.("a", key),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: "INVALID_KEY" });
    if (key) await expect(keys(backend, key)).rejects.toMatchObject({ code: "INVALID_KEY" });
  }
  for (const body of ["text", 5, null, [1], new ArrayBuffer(3)]) {
    await expect(backend.create("k", body as unknown as Uint8Array)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "body",
      key: "k",
      operation: "create",
    });
    await expect(backend.append?.("k", body as unknown as Uint8Array)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      key: "k",
    });
  }
  const empty = async function* (): AsyncGenerator<Uint8Array> {};
  await expect(backend.create("k", Object.assign(empty(), { size: -1 }))).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "body.size",
  });
  await expect(backend.read("k", { range: { offset: -1 } })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    key: "k",
  });
  await expect(keys(backend, "", { startAfter: 5 })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "startAfter",
  });
  for (const pageSize of [0, -1, 1.5, "5", Number.NaN])
    await expect(keys(backend, "", { pageSize })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "pageSize",
    });
});

test("any error becomes a LedgerError with key, operation and cause, even if it is thrown synchronously", async () => {
  const cause = new TypeError("inner trouble");
  const throwing = (): never => {
    throw cause;
  };
  for (const how of [throwing, async () => throwing()]) {
    const backend = withChecks(
      fake({ create: how, read: how, stat: how, remove: how, append: how, move: how, list: how, close: how }),
    );
    const calls: [string, Promise<unknown> | undefined][] = [
      ["create", backend.create("k", bytes("x"))],
      ["read", backend.read("k")],
      ["stat", backend.stat("k")],
      ["remove", backend.remove("k")],
      ["append", backend.append?.("k", bytes("x"))],
      ["move", backend.move?.("k", "l")],
    ];
    for (const [operation, call] of calls)
      await expect(call).rejects.toMatchObject({ code: "IO", key: "k", operation, cause });
    const code = how === throwing ? "IO" : "UNEXPECTED_RESPONSE"; // A promise is no listing.
    await expect(keys(backend, "k")).rejects.toMatchObject({ code, operation: "list" });
    await expect(backend.close?.()).rejects.toMatchObject({ code: "IO", operation: "close", cause });
  }
  const bare = new LedgerError("NO_SPACE", "full", { transient: false, status: 507 });
  await expect(
    withChecks(
      fake({
        read: async () => {
          throw bare;
        },
      }),
    ).read("k"),
  ).rejects.toMatchObject({ code: "NO_SPACE", key: "k", operation: "read", status: 507 });
});

test("a failure of the caller's own stream is passed on unchanged", async () => {
  const failure = new Error("mine");
  const stream = byteStream(
    (async function* () {
      yield bytes("x");
      throw failure;
    })(),
  );
  const backend = withChecks(memoryBackend());
  await expect(backend.create("k", stream)).rejects.toBe(failure);
  expect(await backend.stat("k")).toBeUndefined();
});

test("an abort ends a call that never answers; an earlier abort prevents the call", async () => {
  const calls: string[] = [];
  const hang = (name: string) => () => {
    calls.push(name);
    return new Promise<never>(() => {});
  };
  const stopped: string[] = [];
  const list = () => ({
    [Symbol.asyncIterator]: () => ({ next: hang("list"), return: async () => stopped.push("list") }),
  });
  const backend = withChecks(fake({ create: hang("create"), read: hang("read"), remove: hang("remove"), list }));
  const before = { signal: AbortSignal.abort("before") };
  await expect(backend.create("k", bytes("x"), before)).rejects.toBe("before");
  await expect(backend.read("k", before)).rejects.toBe("before");
  await expect(keys(backend, "", before)).rejects.toBe("before");
  expect(calls).toEqual([]);
  const during = new AbortController();
  const options = { signal: during.signal };
  const pending = [
    backend.create("k", bytes("x"), options),
    backend.read("k", options),
    backend.remove("k", options),
    keys(backend, "", options),
  ];
  setImmediate(() => during.abort("during"));
  for (const call of pending) await expect(call).rejects.toBe("during");
  expect(stopped).toEqual(["list"]);
});

test("after close everything is CLOSED, even a listing that has begun", async () => {
  const inner = memoryBackend();
  const backend = withChecks(inner);
  for (const key of ["a", "b"]) await backend.create(key, bytes("x"));
  const entries = backend.list("")[Symbol.asyncIterator]();
  expect((await entries.next()).value).toEqual({ key: "a", size: 1 });
  await Promise.all([backend.close?.(), backend.close?.()]);
  const calls = [
    entries.next(),
    backend.create("k", bytes("x")),
    backend.read("a"),
    backend.stat("a"),
    backend.remove("a"),
    backend.append?.("a", bytes("x")),
    backend.move?.("a", "c"),
    keys(backend),
  ];
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: "CLOSED" });
  expect([...inner.snapshot().keys()]).toEqual(["a", "b"]);
  const noClose = withChecks(listing());
  await noClose.close?.();
  await expect(noClose.read("a")).rejects.toMatchObject({ code: "CLOSED" });
});

test("a listing passes on only valid keys under its prefix", async () => {
  const hostile = [
    "../../etc/passwd",
    "/etc/passwd",
    "a/../b",
    "a/.tmp-1",
    "a/\0",
    "b/x",
    "ab",
    "a",
    "__proto__",
    "a/con",
  ].map((key) => ({ key, size: 1 }));
  const left: string[] = [];
  const mixed = listing({ key: "a/1", size: 1 }, ...hostile, { key: "a/2", size: 2, extra: true });
  expect(await keys(withChecks(mixed, { onForeignKey: (key) => left.push(key) }), "a")).toEqual(["a/1", "a/2"]);
  expect(left).toEqual(hostile.map((entry) => entry.key));
});

test.each([
  [
    [
      { key: "a/2", size: 1 },
      { key: "a/1", size: 1 },
    ],
  ],
  [
    [
      { key: "a/1", size: 1 },
      { key: "a/1", size: 1 },
    ],
  ],
  [[{ key: "a/0", size: 1 }]],
  [[{ key: "a/1", size: -1 }]],
  [[{ key: "a/1", size: "1" }]],
  [[{ key: 5, size: 1 }]],
  [[null]],
  [[undefined]],
  [["a/1"]],
])("a listing that breaks the contract is refused: %j", async (entries) => {
  await expect(keys(withChecks(listing(...entries)), "a", { startAfter: "a/0" })).rejects.toMatchObject({
    code: "UNEXPECTED_RESPONSE",
  });
});

test("read bytes belong to the caller, and are checked", async () => {
  const reading = (value: unknown): Backend => withChecks(fake({ read: async () => value }));
  const large = new Uint8Array(100).fill(1);
  for (const value of [Buffer.from("abc"), large.subarray(3, 6)]) {
    const read = await reading(value).read("k");
    expect(Object.getPrototypeOf(read)).toBe(Uint8Array.prototype);
    expect([read.byteLength, read.buffer.byteLength]).toEqual([3, 3]);
  }
  for (const value of [undefined, null, "abc", new ArrayBuffer(3)])
    await expect(reading(value).read("k")).rejects.toMatchObject({ code: "UNEXPECTED_RESPONSE", key: "k" });
  await expect(reading(large).read("k", { range: { offset: 0, length: 99 } })).rejects.toMatchObject({
    code: "UNEXPECTED_RESPONSE",
  });
  const stating = (value: unknown): Backend => withChecks(fake({ stat: async () => value }));
  expect(await stating({ size: 5, secret: 1 }).stat("k")).toEqual({ size: 5 });
  for (const value of [null, {}, { size: -1 }, { size: 1.5 }, 5])
    await expect(stating(value).stat("k")).rejects.toMatchObject({ code: "UNEXPECTED_RESPONSE" });
});

test("a listing that is left early lets the backend clean up", async () => {
  let cleaned = false;
  const backend = withChecks(
    fake({
      async *list() {
        try {
          yield { key: "a", size: 1 };
          yield { key: "b", size: 1 };
        } finally {
          cleaned = true;
        }
      },
    }),
  );
  for await (const entry of backend.list("")) {
    expect(entry.key).toBe("a");
    break;
  }
  expect(cleaned).toBe(true);
});
