import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { pausingBackend } from "../../src/catalog/pausing-backend.ts";
import { intercept } from "../../src/testing/intercept.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("operations begin together, when none goes on, and those that an object needs begin at once", async () => {
  const inner = memoryBackend();
  for (const key of ["a", "b", "c"]) await inner.create(key, bytes(key));
  const began: string[] = [];
  const gates = new Map<string, () => void>();
  const held = intercept(inner, {
    call: async ({ operation, key }, proceed) => {
      began.push(`${operation} ${key}`);
      if (key === "a") await new Promise<void>((resolve) => gates.set(key, resolve));
      return await proceed();
    },
    list: (_call, proceed) => proceed(),
  });
  let pauses = 0;
  const backend = pausingBackend(held, {
    isAwaited: false,
    pause: async () => {
      pauses++;
      await Promise.resolve();
    },
  });
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

  const first = backend.read("a");
  await settle();
  const second = [backend.read("b"), backend.stat("c")];
  await settle();
  expect([began, pauses]).toEqual([["read a"], 1]);
  gates.get("a")!();
  await Promise.all([first, ...second]);
  expect([began, pauses]).toEqual([["read a", "read b", "stat c"], 2]);

  began.length = 0;
  async function* body(): AsyncGenerator<Uint8Array> {
    yield await backend.read("b");
  }
  const reading = backend.read("a");
  const storing = backend.create("d", body());
  await storing;
  expect(began).toEqual(["read a", "create d", "read b"]);
  gates.get("a")!();
  await reading;
});
