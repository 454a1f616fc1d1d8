import type { Backend } from "../../src/backend/backend.ts";

/** Invalid keys. As file names, some of them lead out of the place. */
const BAD_KEYS = [
  "",
  "/a",
  "a/",
  "a//b",
  ".",
  "..",
  "../a",
  "a/../../b",
  "a\\b",
  "a\u0000b",
  "a\nb",
  "c:a",
  "x".repeat(901),
];

const METHODS = ["create", "read", "stat", "list", "remove", "append", "move"] as const;

/** A backend that records which methods were called. It checks nothing, which the contract allows. */
export function trustingBackend(): { backend: Required<Backend>; called: Set<string> } {
  const called = new Set<string>();
  const note = (method: string) => async (): Promise<never> => {
    called.add(method);
    throw new Error("reached");
  };
  const backend = {
    contract: 1,
    name: "trusting",
    capabilities: { append: true, exclusiveCreate: true, durable: true, move: true },
    liveness: { token: "me", isAlive: async () => undefined },
    ...Object.fromEntries(METHODS.map((method) => [method, note(method)])),
    // oxlint-disable-next-line require-yield -- it only notes the call
    async *list() {
      called.add("list");
    },
    close: async () => {},
  };
  return { backend: backend as unknown as Required<Backend>, called };
}

/** Calls every method of `guarded` with every bad key. */
export async function probe(guarded: Required<Backend>): Promise<void> {
  const bytes = new Uint8Array(1);
  for (const key of BAD_KEYS) {
    const calls: (() => Promise<unknown>)[] = [
      () => guarded.create(key, bytes),
      () => guarded.read(key),
      () => guarded.stat(key),
      () => guarded.remove(key),
      () => guarded.append(key, bytes),
      () => guarded.move(key, "good"),
      () => guarded.move("good", key),
    ];
    // The empty prefix is one.
    if (key !== "") calls.push(() => guarded.list(key)[Symbol.asyncIterator]().next());
    for (const call of calls) await call().catch(() => {});
  }
}
