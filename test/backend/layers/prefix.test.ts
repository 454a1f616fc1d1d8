import { expect, test } from "vitest";
import { LedgerError } from "../../../src/errors/ledger-error.ts";
import { withPrefix } from "../../../src/backend/layers/prefix.ts";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { bytes, scripted } from "./scripted.ts";

test("keys go in and come out without the prefix, and other keys cannot be reached", async () => {
  const inner = memoryBackend();
  const backend = withPrefix(inner, "team/a");
  await inner.create("team/ab/x", bytes("other"));
  await inner.create("team/x", bytes("other"));
  await backend.create("k/1", bytes("1"));
  await backend.append?.("k/2", bytes("2"));
  await backend.move?.("k/2", "k/3");
  expect([...inner.snapshot().keys()]).toEqual(["team/a/k/1", "team/a/k/3", "team/ab/x", "team/x"]);
  for (const [prefix, startAfter] of [
    ["", undefined],
    ["k", undefined],
    ["", "k/0"],
  ] as const) {
    const seen: string[] = [];
    for await (const { key } of backend.list(prefix, startAfter === undefined ? {} : { startAfter })) seen.push(key);
    expect(seen).toEqual(["k/1", "k/3"]);
  }
  for (const escape of ["../ab/x", "", "/team/x", "a/../../x"])
    await expect(backend.read(escape)).rejects.toMatchObject({ code: "INVALID_KEY" });
});

test("errors name the key as the caller knows it, in the message too", async () => {
  const backend = withPrefix(memoryBackend(), "secret/place");
  await backend.create("k", bytes("1"));
  const calls = [
    () => backend.create("k", bytes("2")),
    () => backend.read("none"),
    () => backend.move?.("none", "x"),
    () => backend.move?.("k", "k"),
  ];
  for (const call of calls) {
    const error = await Promise.resolve(call()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ key: expect.stringMatching(/^(k|none)$/) });
    expect((error as Error).message).not.toContain("secret");
  }
  const failing = scripted(
    { read: ["before"] },
    () => new LedgerError("UNAVAILABLE", "try again", { key: "p/k", transient: true }),
  );
  await expect(withPrefix(failing.backend, "p").read("k")).rejects.toMatchObject({
    key: "k",
    transient: true,
    code: "UNAVAILABLE",
  });
});

test("members of the backend are passed on; the empty prefix changes nothing; a wrong one is refused", async () => {
  const inner = memoryBackend();
  const {
    append: _append,
    move: _move,
    ...bare
  } = {
    ...inner,
    create: inner.create.bind(inner),
    read: inner.read.bind(inner),
    stat: inner.stat.bind(inner),
    list: inner.list.bind(inner),
    remove: inner.remove.bind(inner),
  };
  const liveness = { token: "t", isAlive: async () => true };
  const plain = withPrefix(
    { ...bare, capabilities: { append: false, exclusiveCreate: true, durable: false }, liveness },
    "p",
  );
  expect(plain.append).toBeUndefined();
  expect(plain.move).toBeUndefined();
  expect(plain.close).toBeUndefined();
  expect(plain.liveness).toBe(liveness);
  await withPrefix(inner, "").create("k", bytes("x"));
  expect([...inner.snapshot().keys()]).toEqual(["k"]);
  for (const wrong of ["/a", "a/", "..", "a//b"])
    expect(() => withPrefix(inner, wrong)).toThrow(expect.objectContaining({ code: "INVALID_KEY" }));
});
