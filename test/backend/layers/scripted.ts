import type { Backend } from "../../../src/backend/backend.ts";
import { type Clock, systemClock } from "../../../src/platform/clock.ts";
import { type ErrorCode, LedgerError } from "../../../src/errors/ledger-error.ts";
import { layer } from "../../../src/backend/layers/layer.ts";
import { memoryBackend } from "../../../src/backends/memory/index.ts";

/** `before`: fails without an effect. `after`: takes effect, then fails all the same. `ok`: works. */
export type Step = "before" | "after" | "ok";

/** A memory backend whose calls of each kind go as the script says, then work. */
export function scripted(
  script: { readonly [operation: string]: readonly Step[] },
  fail: () => unknown = () => transient(),
): { backend: Backend; inner: Backend; calls: string[] } {
  const inner = memoryBackend();
  const calls: string[] = [];
  const left = new Map(Object.entries(script).map(([name, steps]) => [name, [...steps]]));
  const play = async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    calls.push(operation);
    const step = left.get(operation)?.shift() ?? "ok";
    if (step === "before") throw fail();
    const result = await work();
    if (step === "after") throw fail();
    return result;
  };
  const backend = layer(inner, {
    create: (key, body, options) => play("create", () => inner.create(key, body, options)),
    read: (key, options) => play("read", () => inner.read(key, options)),
    stat: (key, options) => play("stat", () => inner.stat(key, options)),
    remove: (key, options) => play("remove", () => inner.remove(key, options)),
    append: (key, bytes, options) => play("append", async () => await inner.append?.(key, bytes, options)),
    move: (from, to, options) => play("move", async () => await inner.move?.(from, to, options)),
    async *list(prefix, options) {
      calls.push("list");
      let given = 0;
      for await (const entry of inner.list(prefix, options)) {
        const step = left.get("list")?.[0];
        if (step === "before" || (step === "after" && given === 2)) {
          left.get("list")?.shift();
          throw fail();
        }
        given++;
        yield entry;
      }
    },
  });
  return { backend, inner, calls };
}

export function transient(code: ErrorCode = "UNAVAILABLE"): LedgerError {
  return new LedgerError(code, "try again", { transient: true, key: "k" });
}

/** A clock that moves only by sleeping, and remembers how long it slept. */
export function sleepingClock(): Clock & { readonly slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    ...systemClock,
    slept,
    now: () => now,
    monotonic: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
  };
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
