import type { Backend } from "../../backend/backend.ts";
import { hold, outcome, rejects, same, sameBytes } from "../assertions.ts";
import type { ConformanceCase, World } from "../case.ts";
import { contract } from "../contract.ts";
import { createAll, keysOf, listAll, sample, text } from "../samples.ts";

type Moving = Backend & { move: NonNullable<Backend["move"]> };

function moveCase(name: string, run: (backend: Moving, world: World) => Promise<void>): ConformanceCase {
  return { name: `move: ${name}`, needs: ["move"], run: (world) => run(world.backend as Moving, world) };
}

export const moveCases: readonly ConformanceCase[] = [
  moveCase("the object has its new key and no other, for every handle", async (backend, { open }) => {
    const other = await open();
    const bytes = sample(5000, 1);
    await backend.create("incoming/1", bytes);
    await backend.create("incoming/2", text("stays"));
    await backend.move("incoming/1", "blobs/deep/down/1");
    for (const handle of [other, backend]) {
      sameBytes(await handle.read("blobs/deep/down/1"), bytes, contract.move, "the moved object");
      await rejects("NOT_FOUND", "incoming/1", contract.move, "read of the old key", () => handle.read("incoming/1"));
      hold((await handle.stat("incoming/1")) === undefined, contract.move, "stat of the old key is not undefined");
      const expected = [
        { key: "blobs/deep/down/1", size: 5000 },
        { key: "incoming/2", size: 5 },
      ];
      same(await listAll(handle, ""), expected, contract.move, "list after move");
    }
  }),
  moveCase("it rejects with EXISTS if the new key is taken, and both objects stay", async (backend) => {
    await backend.create("from", text("from"));
    await backend.create("to", text("to"));
    await rejects("EXISTS", "to", contract.move, "move to a key that is taken", () => backend.move("from", "to"));
    sameBytes(await backend.read("from"), text("from"), contract.move, "the object that was not moved");
    sameBytes(await backend.read("to"), text("to"), contract.move, "the object that was there");
  }),
  moveCase("it rejects with NOT_FOUND if there is nothing to move, and creates nothing", async (backend) => {
    await createAll(backend, ["runs/1/a"]);
    for (const from of ["absent", "runs", "runs/1"]) {
      await rejects("NOT_FOUND", from, contract.move, `move of ${from}, which is not an object`, () =>
        backend.move(from, "moved"),
      );
    }
    same(await keysOf(backend, ""), ["runs/1/a"], contract.move, "list after refused moves");
  }),
  moveCase("the old key can be created again and moved again", async (backend) => {
    for (const i of [1, 2, 3]) {
      await backend.create("incoming", text(`body ${i}`));
      await backend.move("incoming", `moved/${i}`);
    }
    for (const i of [1, 2, 3])
      sameBytes(await backend.read(`moved/${i}`), text(`body ${i}`), contract.recreate, `moved/${i}`);
    same(await keysOf(backend, ""), ["moved/1", "moved/2", "moved/3"], contract.move, "list after moves");
  }),
  moveCase("exactly one of several simultaneous moves to one key resolves", async (backend, { open }) => {
    const handles = [backend, (await open()) as Moving];
    for (let round = 0; round < 5; round++) {
      const to = `won/${round}`;
      const from = Array.from({ length: 6 }, (_, i) => `from/${round}/${i}`);
      for (const key of from) await backend.create(key, text(key));
      const results = await Promise.all(
        from.map((key, i) => outcome(`move to ${to}`, () => (handles[i % 2] as Moving).move(key, to))),
      );
      const winners = from.filter((_, i) => results[i]?.resolved);
      hold(winners.length === 1, contract.move, `${winners.length} of 6 moves to one key resolved`);
      sameBytes(await backend.read(to), text(winners[0] as string), contract.move, "the object at the new key");
      same(
        await keysOf(backend, `from/${round}`),
        from.filter((key) => key !== winners[0]),
        contract.move,
        "the objects that were not moved",
      );
    }
  }),
];
