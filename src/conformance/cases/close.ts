import type { Backend } from "../../backend/backend.ts";
import { rejects, same, sameBytes, within } from "../assertions.ts";
import type { ConformanceCase, World } from "../case.ts";
import { contract } from "../contract.ts";
import { createAll, keysOf, sample, streamOf, text } from "../samples.ts";

type Closing = Backend & { close: NonNullable<Backend["close"]> };

function closeCase(name: string, run: (backend: Closing, world: World) => Promise<void>): ConformanceCase {
  return { name: `close: ${name}`, needs: ["close"], run: (world) => run(world.backend as Closing, world) };
}

export const closeCases: readonly ConformanceCase[] = [
  closeCase("every method rejects with CLOSED afterwards, and nothing changes", async (backend, { open }) => {
    const other = await open();
    await backend.create("b", text("stays"));
    await backend.close();
    const { append, move, capabilities } = backend;
    const closed: [string, string | undefined, () => Promise<unknown>][] = [
      ["create", "a", () => backend.create("a", text("x"))],
      ["create from a stream", "a", () => backend.create("a", streamOf([text("x")]))],
      ["create of an existing key", "b", () => backend.create("b", text("x"))],
      ["read", "b", () => backend.read("b")],
      ["read of a missing key", "a", () => backend.read("a")],
      ["stat", "b", () => backend.stat("b")],
      ["list", undefined, async () => backend.list("")[Symbol.asyncIterator]().next()],
      ["remove", "b", () => backend.remove("b")],
      ["remove of a missing key", "a", () => backend.remove("a")],
    ];
    if (capabilities.append && append) closed.push(["append", "b", () => append.call(backend, "b", text("x"))]);
    if (capabilities.move && move) closed.push(["move", undefined, () => move.call(backend, "b", "a")]);
    for (const [what, key, call] of closed) await rejects("CLOSED", key, contract.closed, `${what} after close`, call);
    same(await keysOf(other, ""), ["b"], contract.closed, "list after calls on a closed handle");
    sameBytes(await other.read("b"), text("stays"), contract.closed, "the object after calls on a closed handle");
  }),
  closeCase("closing twice, and twice at once, is fine", async (backend) => {
    await within(contract.closeTwice, "close called twice at once", Promise.all([backend.close(), backend.close()]));
    await within(contract.closeTwice, "a third close", Promise.resolve(backend.close()));
  }),
  closeCase("other handles on the same place keep working, and new ones can be opened", async (backend, { open }) => {
    const other = await open();
    await backend.create("before", text("x"));
    await backend.close();
    await other.create("after", text("y"));
    const later = await open();
    for (const handle of [other, later]) {
      same(await keysOf(handle, ""), ["after", "before"], contract.closeOthers, "list after another handle was closed");
      sameBytes(await handle.read("before"), text("x"), contract.closeOthers, "what a closed handle stored");
    }
    await later.remove("before");
    same(await keysOf(other, ""), ["after"], contract.closeOthers, "list after remove through a new handle");
  }),
  closeCase("an unfinished list does not keep a handle from closing", async (backend) => {
    await createAll(backend, ["l/1", "l/2", "l/3"]);
    for await (const _ of backend.list("l")) break;
    // Nobody calls `return` on this iterator.
    await backend.list("l")[Symbol.asyncIterator]().next();
    await within(contract.listStop, "close after lists were left early", Promise.resolve(backend.close()));
  }),
  {
    name: "close: durable objects remain after every handle was closed",
    needs: ["durable", "close"],
    async run({ backend, open }) {
      const other = await open();
      const bytes = sample(100_000, 1);
      await backend.create("kept/bytes", bytes);
      await other.create("kept/stream", streamOf([bytes, text("!")]));
      if (backend.capabilities.append) await backend.append?.("kept/log", text("line"));
      await backend.close?.();
      await other.close?.();
      const later = await open();
      sameBytes(await later.read("kept/bytes"), bytes, contract.durable, "an object after every handle was closed");
      same(
        await later.stat("kept/stream"),
        { size: bytes.length + 1 },
        contract.durable,
        "stat after every handle was closed",
      );
      if (later.capabilities.append)
        sameBytes(await later.read("kept/log"), text("line"), contract.durable, "an appended object");
    },
  },
];
