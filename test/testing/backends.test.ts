import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { byteStream } from "../../src/backend/body.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { conformance } from "../../src/conformance/index.ts";
import { countingBackend, faultyBackend, recordingBackend } from "../../src/testing/index.ts";

const wrappers: Record<string, (inner: Backend) => Backend> = {
  "faultyBackend with an empty plan": (inner) => faultyBackend(inner),
  recordingBackend: (inner) => recordingBackend(inner),
  countingBackend: (inner) => countingBackend(inner),
};

for (const [name, wrap] of Object.entries(wrappers)) {
  describe(`on ${name}`, () => {
    conformance(
      {
        name,
        async setup() {
          const place = memoryBackend();
          return { open: async () => wrap(place.open()), teardown: async () => {} };
        },
      },
      test,
    );
  });
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function* chunks(...parts: string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const part of parts) yield bytes(part);
}

async function drain(backend: Backend, prefix: string): Promise<void> {
  for await (const _ of backend.list(prefix));
}

test("recordingBackend keeps calls, bytes, results and errors", async () => {
  const backend = recordingBackend(memoryBackend());
  await backend.create("a", bytes("one"));
  await backend.create("b", byteStream(chunks("tw", "o")));
  await backend.create("a", bytes("x")).catch(() => {});
  await backend.read("b", { range: { offset: 1, length: 1 } });
  await backend.stat("c");
  await drain(backend, "");
  await backend.append?.("log", bytes("line"));
  await backend.move?.("b", "c");
  await backend.remove("c");
  const { calls } = backend;
  expect(calls.map(({ operation, key, to }) => [operation, key, to])).toEqual([
    ["create", "a", undefined],
    ["create", "b", undefined],
    ["create", "a", undefined],
    ["read", "b", undefined],
    ["stat", "c", undefined],
    ["list", "", undefined],
    ["append", "log", undefined],
    ["move", "b", "c"],
    ["remove", "c", undefined],
  ]);
  expect(calls[1]?.bytes).toEqual(bytes("two"));
  expect(calls[2]?.error).toMatchObject({ code: "EXISTS" });
  expect(calls[3]).toMatchObject({ range: { offset: 1, length: 1 }, result: bytes("w") });
  expect(calls[4]).not.toHaveProperty("result");
  expect(calls[5]?.result).toEqual([
    { key: "a", size: 3 },
    { key: "b", size: 3 },
  ]);
  expect(calls[6]?.bytes).toEqual(bytes("line"));
});

test("recordingBackend's bytes are copies", async () => {
  const backend = recordingBackend(memoryBackend());
  const input = bytes("one");
  await backend.create("a", input);
  input.fill(0);
  (await backend.read("a")).fill(0);
  expect(backend.calls.map((call) => call.bytes ?? call.result)).toEqual([bytes("one"), bytes("one")]);
});

test("countingBackend counts calls and bytes, and a list by its pages", async () => {
  const place = memoryBackend();
  const backend = countingBackend(place);
  await backend.create("a", bytes("one"));
  await backend.create("b", byteStream(chunks("tw", "o")));
  await backend.append?.("log", bytes("line"));
  await backend.read("a", { range: { offset: 1 } });
  await backend.read("absent").catch(() => {});
  await backend.stat("a");
  await drain(backend, "absent");
  expect(backend.counters).toEqual({
    create: 2,
    append: 1,
    read: 2,
    stat: 1,
    list: 1,
    remove: 0,
    move: 0,
    requests: 7,
    bytesIn: 10,
    bytesOut: 2,
  });
  backend.reset();
  expect(backend.counters).toMatchObject({ create: 0, requests: 0, bytesIn: 0 });
  await Promise.all(
    Array.from({ length: 1001 }, (_, i) => place.create(`many/${i < 1000 ? "a" : "b"}/${i}`, bytes("x"))),
  );
  await drain(backend, "many/a");
  expect(backend.counters.requests).toBe(1);
  await drain(backend, "many");
  expect(backend.counters).toMatchObject({ list: 2, requests: 3 });
});
