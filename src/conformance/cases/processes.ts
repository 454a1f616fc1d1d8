import { describe, hold, outcome, sameBytes } from "../assertions.ts";
import type { ConformanceCase } from "../case.ts";
import { contract } from "../contract.ts";
import { sample } from "../samples.ts";

const ROUNDS = 3;
const KEYS = 40;

/** The cases that need a second process. */
export const processCases: readonly ConformanceCase[] = [
  {
    name: "processes: objects are whole after the process that stored them was killed",
    needs: ["durable", "otherProcess"],
    async run({ open, otherProcess }) {
      const other = await otherProcess!();
      for (const [at, size] of [0, 10, 300_000].entries()) {
        const codes = await other.create([`stored/${at}`], sample(size, at));
        hold(
          codes.length === 1 && codes[0] === undefined,
          contract.durable,
          `a create in the other process failed with ${codes[0]}`,
        );
      }
      await other.kill();
      const backend = await open();
      for (const [at, size] of [0, 10, 300_000].entries()) {
        const key = `stored/${at}`;
        const found = await outcome(`read of ${key}`, () => backend.read(key));
        if (found.resolved)
          sameBytes(found.value, sample(size, at), contract.durable, `${key} after its process ended`);
        else hold(false, contract.durable, `${key} is lost with its process: ${describe(found.error)}`);
      }
    },
  },
  {
    name: "processes: exactly one of two simultaneous creates of one key resolves, and its bytes stay",
    needs: ["exclusiveCreate", "otherProcess"],
    async run({ backend, otherProcess }) {
      const other = await otherProcess!();
      const [here, there] = [sample(3000, 1), sample(3000, 2)];
      for (let round = 0; round < ROUNDS; round++) {
        const keys = Array.from({ length: KEYS }, (_, i) => `race/${round}/${i}`);
        // In opposite orders, so that the processes meet even if one is much faster.
        const [codes, results] = await Promise.all([
          other.create(keys, there),
          Promise.all(keys.toReversed().map((key) => outcome(`create of ${key}`, () => backend.create(key, here)))),
        ]);
        const own = results.toReversed();
        for (const [at, key] of keys.entries()) {
          const won = [own[at]!.resolved, codes[at] === undefined];
          hold(
            won[0] !== won[1],
            contract.exclusiveCreate,
            `${won[0] ? "both" : "neither"} of the creates of one key in two processes resolved`,
          );
          const winner = won[0] ? here : there;
          sameBytes(await backend.read(key), winner, contract.createNeverReplaces, "the object after a race");
        }
      }
    },
  },
];
