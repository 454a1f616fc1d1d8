import type { Backend } from "../../backend/backend.ts";
import { concatBytes } from "../../backend/body.ts";
import { rejects, same, sameBytes } from "../assertions.ts";
import type { ConformanceCase, World } from "../case.ts";
import { contract } from "../contract.ts";
import { listAll, sample, streamOf, text } from "../samples.ts";

type Appending = Backend & { append: NonNullable<Backend["append"]> };

function appendCase(name: string, run: (backend: Appending, world: World) => Promise<void>): ConformanceCase {
  return { name: `append: ${name}`, needs: ["append"], run: (world) => run(world.backend as Appending, world) };
}

export const appendCases: readonly ConformanceCase[] = [
  appendCase("bytes are added to the end, and every handle sees them at once", async (backend, { open }) => {
    const other = await open();
    const parts = [sample(10, 1), sample(1, 2), sample(70_000, 3), sample(5, 4)];
    for (let i = 0; i < parts.length; i++) {
      await backend.append("log", parts[i] as Uint8Array);
      const expected = concatBytes(parts.slice(0, i + 1));
      for (const handle of [other, backend]) {
        sameBytes(await handle.read("log"), expected, contract.appendEnd, `the object after ${i + 1} appends`);
        same(await handle.stat("log"), { size: expected.length }, contract.stat, `stat after ${i + 1} appends`);
        same(
          await listAll(handle, ""),
          [{ key: "log", size: expected.length }],
          contract.entrySize,
          `list after ${i + 1} appends`,
        );
      }
    }
    const tail = await other.read("log", { range: { offset: 70_009 } });
    sameBytes(tail, concatBytes(parts).slice(70_009), contract.read, "the tail of an appended object");
  }),
  appendCase("a missing object is created, even from no bytes", async (backend) => {
    await backend.append("made/deep/down", text("x"));
    await backend.append("made/empty", new Uint8Array(0));
    const expected = [
      { key: "made/deep/down", size: 1 },
      { key: "made/empty", size: 0 },
    ];
    same(await listAll(backend, ""), expected, contract.appendEnd, "list after appends to missing objects");
  }),
  appendCase("an object made by create grows, and an append of no bytes adds nothing", async (backend) => {
    await backend.create("made", text("one "));
    await backend.append("made", new Uint8Array(0));
    await backend.append("made", text("two"));
    sameBytes(await backend.read("made"), text("one two"), contract.appendEnd, "the object");
  }),
  appendCase("create never replaces an appended object", async (backend, { open }) => {
    await backend.append("grown", text("grown"));
    for (const handle of [backend, await open()]) {
      await rejects("EXISTS", "grown", contract.createNeverReplaces, "create of an appended object", () =>
        handle.create("grown", text("x")),
      );
      await rejects("EXISTS", "grown", contract.createNeverReplaces, "create of an appended object from a stream", () =>
        handle.create("grown", streamOf([text("x")])),
      );
    }
    await backend.append("grown", text("!"));
    sameBytes(await backend.read("grown"), text("grown!"), contract.createNeverReplaces, "the appended object");
  }),
  appendCase("simultaneous calls take effect in the order of the calls", async (backend, { open }) => {
    const parts = Array.from({ length: 60 }, (_, i) => sample(1 + ((i * 37) % 400), i + 1));
    const calls = parts.flatMap((part, i) => [
      backend.append("order/a", part),
      backend.append(`order/${i % 3}`, Uint8Array.of(i)),
    ]);
    await Promise.all(calls);
    const other = await open();
    sameBytes(
      await other.read("order/a"),
      concatBytes(parts),
      contract.appendOrder,
      "60 simultaneous appends to one object",
    );
    for (const rest of [0, 1, 2]) {
      const expected = Uint8Array.from(parts.keys()).filter((i) => i % 3 === rest);
      sameBytes(
        await other.read(`order/${rest}`),
        expected,
        contract.appendOrder,
        "simultaneous appends to several objects",
      );
    }
  }),
  appendCase("the bytes of a view are copied and not changed", async (backend) => {
    const whole = sample(100, 5);
    const view = whole.subarray(20, 50);
    await backend.append("view", view);
    sameBytes(whole, sample(100, 5), contract.input, "the bytes passed to append");
    whole.fill(0);
    await backend.append("view", whole.subarray(0, 1));
    sameBytes(
      await backend.read("view"),
      concatBytes([sample(100, 5).slice(20, 50), Uint8Array.of(0)]),
      contract.input,
      "the object",
    );
  }),
  appendCase("bytes read earlier do not change", async (backend) => {
    await backend.append("early", text("one"));
    const read = await backend.read("early");
    await backend.append("early", text("two"));
    sameBytes(read, text("one"), contract.output, "bytes read before another append");
    read.fill(0);
    sameBytes(
      await backend.read("early"),
      text("onetwo"),
      contract.output,
      "the object after an earlier result was changed",
    );
  }),
  appendCase("handles that append in turn add to the end", async (backend, { open }) => {
    const other = (await open()) as Appending;
    for (const [i, handle] of [backend, other, backend, backend, other, backend].entries())
      await handle.append("turns", text(String(i)));
    sameBytes(
      await other.read("turns"),
      text("012345"),
      contract.appendEnd,
      "an object to which two handles appended in turn",
    );
  }),
  appendCase("an append after a remove by any handle creates a new object", async (backend, { open }) => {
    const other = await open();
    await backend.append("renewed", text("old"));
    await backend.remove("renewed");
    await backend.append("renewed", text("new"));
    sameBytes(await other.read("renewed"), text("new"), contract.appendEnd, "the object appended to after remove");
    await other.remove("renewed");
    await backend.append("renewed", text("newer"));
    sameBytes(
      await other.read("renewed"),
      text("newer"),
      contract.appendEnd,
      "the object appended to after another handle's remove",
    );
  }),
  appendCase("with `at` equal to the object's size, bytes are added to the end", async (backend, { open }) => {
    const handles = [backend, (await open()) as Appending];
    const parts = [sample(10, 1), new Uint8Array(0), sample(5000, 2), sample(1, 3), sample(300, 4)];
    let at = 0;
    for (const [i, part] of parts.entries()) {
      await (handles[i % 2] as Appending).append("known/log", part, { at, ...(i > 1 && { durable: true }) });
      at += part.length;
    }
    for (const handle of handles)
      sameBytes(
        await handle.read("known/log"),
        concatBytes(parts),
        contract.appendAt,
        "an object appended to by its size",
      );
    await backend.append("known/empty", new Uint8Array(0), { at: 0 });
    same(await backend.stat("known/empty"), { size: 0 }, contract.appendAt, "stat of an object created from no bytes");
  }),
  appendCase("with `at` different from the object's size, it rejects and adds nothing", async (backend, { open }) => {
    const other = (await open()) as Appending;
    const refused = async (key: string, at: number, what: string): Promise<void> => {
      const before = await other.stat(key);
      await rejects("CONFLICT", key, contract.appendAt, what, () => backend.append(key, text("more"), { at }));
      same(await other.stat(key), before, contract.appendAt, `stat after ${what}`);
    };
    await backend.append("grown", text("own"), { at: 0 });
    await other.append("grown", text("other"));
    await refused("grown", 3, "an append to an object that another handle has made longer");
    await refused("grown", 9, "an append after the end of an object");
    await refused("grown", 0, "an append at 0 to an object with bytes");
    await backend.append("grown", text("!"), { at: 8 });
    sameBytes(await other.read("grown"), text("ownother!"), contract.appendAt, "the object");

    await refused("never", 5, "an append at 5 to an object that does not exist");
    await backend.append("gone", text("own"), { at: 0 });
    await other.remove("gone");
    await refused("gone", 3, "an append to an object that another handle has removed");
    await other.create("gone", text("another"));
    await refused("gone", 3, "an append to an object that another handle has removed and created again");
    await backend.append("gone", text("!"), { at: 7 });
    sameBytes(await other.read("gone"), text("another!"), contract.appendAt, "the object created again");
  }),
  appendCase("a large append comes back whole", async (backend, { open }) => {
    const bytes = sample(3 * 1024 * 1024 + 1, 6);
    await backend.append("large", text("x"));
    await backend.append("large", bytes);
    sameBytes(
      await (await open()).read("large", { range: { offset: 1 } }),
      bytes,
      contract.appendEnd,
      "3 MiB and one byte",
    );
  }),
];
