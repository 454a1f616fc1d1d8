import { describe, expect, test, vi } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import {
  type ConformanceCase,
  type ConformanceHarness,
  ContractViolation,
  conformance,
  conformanceCases,
  runCase,
} from "../../src/conformance/index.ts";

interface Registered {
  readonly name: string;
  readonly run: (...given: unknown[]) => Promise<void>;
}

function memory(change: Partial<Backend> = {}): ConformanceHarness & { readonly events: string[] } {
  const events: string[] = [];
  return {
    name: "memory",
    events,
    async setup() {
      const place = memoryBackend();
      events.push("setup");
      return {
        async open() {
          events.push("open");
          const { close, ...rest } = bound(place.open());
          return { ...rest, close: async () => void (events.push("close"), await close()), ...change };
        },
        teardown: async () => void events.push("teardown"),
      };
    },
  };
}

/** A plain object with the same methods. */
function bound(backend: Backend): Required<Backend> {
  const names = ["create", "read", "stat", "list", "remove", "append", "move", "close"] as const;
  const methods = names.map((name) => [name, (backend[name] as (...given: unknown[]) => unknown).bind(backend)]);
  return {
    contract: 1,
    name: backend.name,
    capabilities: backend.capabilities,
    ...Object.fromEntries(methods),
  } as Required<Backend>;
}

function register(harness: ConformanceHarness, how: "function" | "options"): Registered[] {
  const registered: Registered[] = [];
  const collect = (name: string, run: () => Promise<void>): void => void registered.push({ name, run });
  conformance(harness, how === "function" ? collect : { test: collect });
  return registered;
}

const durable: ConformanceCase = {
  name: "needs durability",
  needs: ["durable"],
  run: () => Promise.reject(new Error("ran")),
};

test("every case is registered under the name of the harness, by either form", () => {
  for (const how of ["function", "options"] as const) {
    const names = register(memory(), how).map(({ name }) => name);
    expect(names[0]).toBe("memory: the harness makes a new empty place each time, and opens it again");
    expect(names.slice(1)).toEqual(conformanceCases.map(({ name }) => `memory: ${name}`));
  }
});

test("the registered function declares no parameter, because runners would then pass a callback", () => {
  for (const { run } of register(memory(), "function")) expect(run.length).toBe(0);
});

describe("a case whose needs are not declared", () => {
  const reason = "memory does not declare durable";
  const skipped = register(memory(), "function").find(({ name }) => name.includes("close: durable")) as Registered;

  test("is skipped through the context that the runner passes", async () => {
    const skip = vi.fn<(reason?: string) => void>();
    await skipped.run({ skip });
    expect(skip).toHaveBeenCalledExactlyOnceWith(reason);
  });

  test("is skipped through `this` if the runner sets it", async () => {
    const skip = vi.fn<(reason?: string) => void>();
    await skipped.run.call({ skip });
    expect(skip).toHaveBeenCalledOnce();
  });

  test("is logged otherwise", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      await skipped.run();
      expect(log).toHaveBeenCalledExactlyOnceWith(`skipped: ${skipped.name} (${reason})`);
    } finally {
      log.mockRestore();
    }
  });

  test("does not run, and its place is removed", async () => {
    const harness = memory();
    expect(await runCase(harness, durable)).toEqual({ status: "skipped", reason });
    expect(harness.events).toEqual(["setup", "open", "close", "teardown"]);
  });
});

test("every handle is closed, then the place is removed, even if the case fails", async () => {
  const harness = memory();
  const failing: ConformanceCase = {
    name: "failing",
    async run({ open }) {
      await open();
      throw new Error("no");
    },
  };
  await expect(runCase(harness, failing)).rejects.toThrow("no");
  expect(harness.events).toEqual(["setup", "open", "open", "close", "close", "teardown"]);
});

test("a failure names the backend, the case, what it saw and the sentence of the contract", async () => {
  const keeps = memory({ remove: async () => {} });
  const one = conformanceCases.find(({ name }) => name.startsWith("remove: no method")) as ConformanceCase;
  const error: unknown = await runCase(keeps, one).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ContractViolation);
  expect((error as Error).message).toBe(
    "memory: remove: no method of any handle finds the object\n" +
      "  read of a removed object resolved, but must reject with NOT_FOUND\n" +
      '  The contract says: "Removes one object, never those under its key."',
  );
});

test("a rejected call that must succeed is named with its error", async () => {
  const refusing = memory({ create: () => Promise.reject(new TypeError("disk on fire")) });
  const one = conformanceCases.find(({ name }) => name.startsWith("create: every byte")) as ConformanceCase;
  await expect(runCase(refusing, one)).rejects.toThrow(
    "memory: create: every byte value comes back, line ends and broken UTF-8 included\n  a call that must succeed failed with TypeError: disk on fire",
  );
});

test("the error has the broken sentence", async () => {
  const one = conformanceCases.find(({ name }) => name.startsWith("shape: contract is 1")) as ConformanceCase;
  const error = (await runCase(memory({ contract: 2 as unknown as 1 }), one).catch(
    (caught: unknown) => caught,
  )) as ContractViolation;
  expect(error.sentence).toBe("Version of this contract");
});
