import type { Backend, CallOptions } from "../../backend/backend.ts";
import { type Outcome, hold, outcome, rejectsWithReason, same, sameBytes, within, describe } from "../assertions.ts";
import type { ConformanceCase } from "../case.ts";
import { contract } from "../contract.ts";
import { createAll, keysOf, listAll, nextTurn, sample, streamOf, text } from "../samples.ts";

/** Returns a call of each method that would change or find something. `b` exists, `a` does not. */
function calls(backend: Backend, options: CallOptions): [string, () => Promise<unknown>][] {
  const list: [string, () => Promise<unknown>][] = [
    ["create", () => backend.create("a", text("x"), options)],
    ["create from a stream", () => backend.create("a", streamOf([text("x")]), options)],
    ["create of an existing key", () => backend.create("b", text("x"), options)],
    ["read", () => backend.read("b", options)],
    ["read of a range", () => backend.read("b", { ...options, range: { offset: 0, length: 1 } })],
    ["read of a missing key", () => backend.read("a", options)],
    ["stat", () => backend.stat("b", options)],
    ["list", async () => backend.list("", options)[Symbol.asyncIterator]().next()],
    ["remove", () => backend.remove("b", options)],
  ];
  const { append, move } = backend;
  if (backend.capabilities.append && append) {
    list.push(
      ["append", () => append.call(backend, "b", text("x"), options)],
      ["append to a missing key", () => append.call(backend, "a", text("x"), options)],
    );
  }
  if (backend.capabilities.move && move) list.push(["move", () => move.call(backend, "b", "a", options)]);
  return list;
}

export const abortCases: readonly ConformanceCase[] = [
  {
    name: "abort: a call whose signal is aborted beforehand rejects with the reason and has no effect",
    async run({ backend, open }) {
      await backend.create("b", text("stays"));
      const other = await open();
      for (const reason of [new Error("stopped"), "a string"]) {
        for (const [what, call] of calls(backend, { signal: AbortSignal.abort(reason) })) {
          await rejectsWithReason(reason, `${what} with an aborted signal`, call);
          same(await keysOf(other, ""), ["b"], contract.abortedBefore, `list after ${what} with an aborted signal`);
          sameBytes(
            await other.read("b"),
            text("stays"),
            contract.abortedBefore,
            `the object after ${what} with an aborted signal`,
          );
        }
      }
    },
  },
  {
    name: "abort: a create from a stalled stream rejects promptly and leaves nothing",
    async run({ backend, open }) {
      const other = await open();
      for (const first of [[], [sample(100_000)]]) {
        const stop = new AbortController();
        const reason = new Error("stopped");
        const pieces = [...first];
        let stalled!: () => void;
        const reached = new Promise<void>((resolve) => {
          stalled = resolve;
        });
        const body: AsyncIterable<Uint8Array> = {
          [Symbol.asyncIterator]: () => ({
            next: () => {
              const value = pieces.shift();
              if (value !== undefined) return Promise.resolve({ done: false, value });
              stalled();
              return new Promise(() => {});
            },
          }),
        };
        const created = rejectsWithReason(reason, "create from a stalled stream, aborted,", () =>
          backend.create("stalled", body, { signal: stop.signal }),
        );
        await Promise.race([reached, created]);
        stop.abort(reason);
        await created;
        same(await listAll(other, ""), [], contract.createWhole, "list after an aborted create");
        await backend.create("stalled", text("now"));
        sameBytes(
          await other.read("stalled"),
          text("now"),
          contract.createWhole,
          "the object created after an aborted create",
        );
        await backend.remove("stalled");
      }
    },
  },
  {
    name: "abort: a call aborted while it runs settles, with its result or with the reason",
    async run({ backend, open }) {
      const other = await open();
      const bytes = sample(400_000, 2);
      await backend.create("big", bytes);
      const reason = new Error("stopped");
      const attempts: [string, (options: CallOptions) => Promise<unknown>][] = [
        ["read", (options) => backend.read("big", options)],
        ["stat", (options) => backend.stat("big", options)],
        ["create", (options) => backend.create("new", bytes, options)],
        ["remove", (options) => backend.remove("big", options)],
      ];
      for (const [what, call] of attempts) {
        const stop = new AbortController();
        const result = outcome(what, () => call({ signal: stop.signal }));
        stop.abort(reason);
        await settledByAbort(what, result, reason);
        for (const { key, size } of await listAll(other, "")) {
          hold(
            size === bytes.length,
            contract.createWhole,
            `${key} has ${size} of ${bytes.length} bytes after ${what} was aborted`,
          );
          sameBytes(await other.read(key), bytes, contract.createWhole, `${key} after ${what} was aborted`);
        }
      }
    },
  },
  {
    name: "abort: an append aborted while it runs adds all of its bytes or none, and settles",
    needs: ["append"],
    async run({ backend, open }) {
      const other = await open();
      const [start, more] = [sample(1000, 3), sample(300_000, 4)];
      await backend.create("grows", start);
      const stop = new AbortController();
      const reason = new Error("stopped");
      const result = outcome("append", () => backend.append!("grows", more, { signal: stop.signal }));
      stop.abort(reason);
      const settled = await settledByAbort("append", result, reason);
      // The aborted append may still run. Another append of the same handle runs after it.
      await backend.append!("grows", text("!"));
      const { size } = (await other.stat("grows"))!;
      const whole = [start.length + 1, start.length + more.length + 1];
      hold(whole.includes(size), contract.appendEnd, `an aborted append of ${more.length} bytes left ${size} in all`);
      hold(!settled.resolved || size === whole[1], contract.appendEnd, "an append resolved, but its bytes are missing");
      const bytes = await other.read("grows");
      sameBytes(bytes.subarray(0, start.length), start, contract.onlyAppendChanges, "what was there before");
    },
  },
  {
    name: "abort: a move aborted while it runs leaves the object whole, under one of its keys, and settles",
    needs: ["move"],
    async run({ backend }) {
      const bytes = sample(100_000, 5);
      const reason = new Error("stopped");
      for (let turns = 0; turns < 4; turns++) {
        const [from, to, next] = [`from/${turns}`, `to/${turns}`, `next/${turns}`] as const;
        await backend.create(from, bytes);
        const stop = new AbortController();
        const result = outcome("move", () => backend.move!(from, to, { signal: stop.signal }));
        for (let turn = 0; turn < turns; turn++) await nextTurn();
        stop.abort(reason);
        const settled = await settledByAbort("move", result, reason);
        // The aborted move may still run. Only one of two moves of an object takes effect.
        const again = await outcome("move after an aborted one", () => backend.move!(from, next));
        hold(
          !(settled.resolved && again.resolved),
          contract.move,
          "a move resolved, but its object still had the old key",
        );
        const [there, notThere] = again.resolved ? [next, to] : [to, next];
        const found = await outcome("read after an aborted move", () => backend.read(there));
        if (!found.resolved) hold(false, contract.move, `an aborted move lost its object: ${describe(found.error)}`);
        else sameBytes(found.value, bytes, contract.move, "the object of an aborted move");
        for (const key of [from, notThere])
          hold(
            (await backend.stat(key)) === undefined,
            contract.move,
            `an aborted move left its object under ${key} too`,
          );
      }
    },
  },
  {
    name: "abort: a list stops at the next entry",
    async run({ backend }) {
      await createAll(backend, ["l/1", "l/2", "l/3", "l/4"]);
      const stop = new AbortController();
      const reason = new Error("stopped");
      const list = backend.list("l", { signal: stop.signal })[Symbol.asyncIterator]();
      const first = await list.next();
      hold(first.value?.key === "l/1", contract.listOrder, "the first entry is missing");
      stop.abort(reason);
      await rejectsWithReason(reason, "the next entry of an aborted list", () => list.next());
      same((await keysOf(backend, "l")).length, 4, contract.aborted, "entries of a list after another was aborted");
    },
  },
  {
    name: "abort: a signal that is aborted after its call changes nothing",
    async run({ backend }) {
      const stop = new AbortController();
      await backend.create("done", streamOf([text("done")]), { signal: stop.signal });
      await backend.read("done", { signal: stop.signal });
      stop.abort(new Error("too late"));
      sameBytes(await backend.read("done"), text("done"), contract.aborted, "an object whose signal was aborted later");
      await backend.create("more", text("x"));
      same(await keysOf(backend, ""), ["done", "more"], contract.aborted, "list");
    },
  },
];

/**
 * Waits for a call that was aborted while it ran. The call may still resolve, or reject with the reason of its signal.
 */
async function settledByAbort<T>(what: string, result: Promise<Outcome<T>>, reason: Error): Promise<Outcome<T>> {
  const settled = await within(contract.aborted, `${what}, aborted while it ran,`, result);
  hold(
    settled.resolved || settled.error === reason,
    contract.aborted,
    () => `${what} rejected with ${describe(settled.resolved ? "" : settled.error)}, not with the signal's reason`,
  );
  return settled;
}
