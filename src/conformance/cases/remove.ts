import { hold, rejects, same, sameBytes } from "../assertions.ts";
import type { ConformanceCase } from "../case.ts";
import { contract } from "../contract.ts";
import { createAll, keysOf, sample, text } from "../samples.ts";

export const removeCases: readonly ConformanceCase[] = [
  {
    name: "remove: no method of any handle finds the object",
    async run({ backend, open }) {
      const other = await open();
      await createAll(backend, ["gone", "stays"]);
      await backend.remove("gone");
      for (const handle of [backend, other]) {
        await rejects("NOT_FOUND", "gone", contract.removeOne, "read of a removed object", () => handle.read("gone"));
        hold(
          (await handle.stat("gone")) === undefined,
          contract.removeOne,
          "stat of a removed object is not undefined",
        );
        same(await keysOf(handle, ""), ["stays"], contract.removeOne, "list after remove");
      }
    },
  },
  {
    name: "remove: it resolves if the object is missing",
    async run({ backend, open }) {
      const other = await open();
      await backend.remove("absent");
      await backend.remove("absent/deep/down");
      await backend.create("a/b", text("x"));
      await other.remove("a/b");
      await backend.remove("a/b");
      await backend.remove("a/b/below");
      same(await keysOf(backend, ""), [], contract.removeMissing, "list after removes");
    },
  },
  {
    name: "remove: objects under a key and beside it stay",
    async run({ backend, open }) {
      const keys = ["runs/1/a", "runs/1/b/c", "runs/10", "runs/2"];
      await createAll(backend, keys);
      for (const prefix of ["runs", "runs/1", "runs/1/b"]) {
        await backend.remove(prefix);
        same(
          await keysOf(await open(), ""),
          keys,
          contract.removeOne,
          `list after remove of the mere prefix ${prefix}`,
        );
      }
      await backend.remove("runs/1/a");
      same(await keysOf(backend, ""), keys.slice(1), contract.removeOne, "list after remove of runs/1/a");
    },
  },
  {
    name: "remove: a key below the key of an object is a missing one",
    async run({ backend }) {
      await backend.create("file", text("x"));
      await backend.remove("file/below");
      sameBytes(await backend.read("file"), text("x"), contract.removeMissing, "the object above the removed key");
    },
  },
  {
    name: "remove: the key can be created again, with other bytes, by any handle",
    async run({ backend, open }) {
      const other = await open();
      await backend.create("again/and", sample(100, 1));
      sameBytes(
        await other.read("again/and"),
        sample(100, 1),
        contract.visible,
        "the first object through another handle",
      );
      for (let round = 2; round < 5; round++) {
        const [remover, creator] = round % 2 === 0 ? [backend, other] : [other, backend];
        await remover.remove("again/and");
        await rejects("NOT_FOUND", "again/and", contract.visible, "read through the other handle after remove", () =>
          creator.read("again/and"),
        );
        await creator.create("again/and", sample(90 + round, round));
        for (const handle of [backend, other]) {
          sameBytes(
            await handle.read("again/and"),
            sample(90 + round, round),
            contract.recreate,
            "the object created again",
          );
          same(
            await handle.stat("again/and"),
            { size: 90 + round },
            contract.recreate,
            "stat of the object created again",
          );
        }
      }
    },
  },
  {
    name: "remove: after it, keys above and below the removed one are free",
    async run({ backend }) {
      await backend.create("turn", text("object"));
      await backend.remove("turn");
      await backend.create("turn/below/deep", text("below"));
      sameBytes(await backend.read("turn/below/deep"), text("below"), contract.object, "the object below");
      await backend.remove("turn/below/deep");
      await backend.create("turn", text("again"));
      sameBytes(await backend.read("turn"), text("again"), contract.object, "the object above");
      same(await keysOf(backend, ""), ["turn"], contract.listOrder, "list");
    },
  },
];
