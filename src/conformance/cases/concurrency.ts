import { isBytes } from "../../platform/any-realm.ts";
import type { Backend, Body } from "../../backend/backend.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { type Outcome, describe, hold, outcome, rejects, same, sameBytes } from "../assertions.ts";
import type { ConformanceCase } from "../case.ts";
import { contract } from "../contract.ts";
import { chunked, keysOf, listAll, nextTurn, pausedStream, sample, streamOf, text } from "../samples.ts";

const RACERS = 8;

/**
 * Throws unless exactly one call resolved and all others rejected with `EXISTS`. Returns the position of the winner.
 */
function onlyOne(results: readonly Outcome<void>[], key: string): number {
  const winners = results.flatMap((result, i) => (result.resolved ? [i] : []));
  hold(
    winners.length === 1,
    contract.exclusiveCreate,
    `${winners.length} of ${results.length} simultaneous creates of one key resolved`,
  );
  for (const result of results) {
    if (result.resolved) continue;
    const fine = LedgerError.hasCode(result.error, "EXISTS") && result.error.key === key;
    hold(
      fine,
      contract.exclusiveCreate,
      () => `a create that lost the race rejected with ${describe(result.error)}, not with EXISTS and its key`,
    );
  }
  return winners[0] as number;
}

async function race(
  handles: readonly Backend[],
  key: string,
  bodies: readonly Uint8Array[],
  streamed: boolean,
): Promise<void> {
  const results = await Promise.all(
    bodies.map((bytes, i) => {
      const body: Body = streamed ? streamOf(chunked(bytes, 700)) : bytes;
      return outcome(`create of ${key}`, () => (handles[i % handles.length] as Backend).create(key, body));
    }),
  );
  const winner = onlyOne(results, key);
  for (const handle of handles) {
    sameBytes(
      await handle.read(key),
      bodies[winner] as Uint8Array,
      contract.createNeverReplaces,
      "the object after a race",
    );
  }
}

export const concurrencyCases: readonly ConformanceCase[] = [
  {
    name: "concurrency: exactly one of several simultaneous creates of one key resolves, and its bytes stay",
    needs: ["exclusiveCreate"],
    async run({ backend, open }) {
      const handles = [backend, await open(), await open()];
      const bodies = Array.from({ length: RACERS }, (_, i) => sample(2000 + i, i + 1));
      for (let round = 0; round < 6; round++) await race(handles, `race/${round}`, bodies, round % 2 === 1);
      same((await keysOf(backend, "")).length, 6, contract.exclusiveCreate, "objects after 6 races");
    },
  },
  {
    name: "concurrency: a create rejects with EXISTS if another call creates the key while it reads its stream",
    needs: ["exclusiveCreate"],
    async run({ backend, open }) {
      const other = await open();
      const paused = pausedStream(sample(100_000), text("end"));
      const slow = outcome("create from a slow stream", () => backend.create("overtaken", paused.body));
      await Promise.race([paused.reached, slow]);
      try {
        await other.create("overtaken", text("first"));
      } finally {
        paused.release();
      }
      await rejects(
        "EXISTS",
        "overtaken",
        contract.createNeverReplaces,
        "create of a key that another call created meanwhile",
        async () => {
          const result = await slow;
          if (!result.resolved) throw result.error;
        },
      );
      sameBytes(
        await backend.read("overtaken"),
        text("first"),
        contract.createNeverReplaces,
        "the object that came first",
      );
      same(await listAll(backend, ""), [{ key: "overtaken", size: 5 }], contract.createNeverReplaces, "list");
    },
  },
  {
    name: "concurrency: a reader sees an object whole or not at all",
    async run({ backend, open }) {
      const other = await open();
      const bytes = sample(500_000, 3);
      for (const streamed of [false, true]) {
        const key = `whole/${streamed}`;
        let done = false;
        const body = streamed ? streamOf(chunked(bytes, 50_000)) : bytes;
        const created = outcome("create", () => backend.create(key, body)).finally(() => {
          done = true;
        });
        try {
          for (let last = false; !last;) {
            last = done;
            await nextTurn();
            const found = await outcome("read", () => other.read(key));
            if (found.resolved)
              sameBytes(found.value, bytes, contract.createWhole, "an object read while it is created");
            else
              hold(
                LedgerError.hasCode(found.error, "NOT_FOUND"),
                contract.errors,
                () => `read while it is created rejected with ${describe(found.error)}`,
              );
            for (const { size } of await listAll(other, "whole")) {
              hold(
                size === bytes.length,
                contract.createWhole,
                `list shows ${size} of ${bytes.length} bytes while an object is created`,
              );
            }
          }
        } finally {
          await created;
        }
        const result = await created;
        if (!result.resolved) throw result.error;
      }
    },
  },
  {
    name: "concurrency: a change is visible at the moment its call resolves",
    async run({ backend, open }) {
      const other = await open();
      for (const handle of [backend, other]) {
        const key = handle === backend ? "now/own" : "now/other";
        const seen = await backend
          .create(key, text("x"))
          .then(() => handle.read(key))
          .catch((error: unknown) => error);
        hold(isBytes(seen), contract.notEarly, () => `read at the moment create resolves: ${describe(seen)}`);
        const gone = await backend.remove(key).then(() => handle.stat(key));
        hold(gone === undefined, contract.notEarly, "stat at the moment remove resolves still shows the object");
        const back = await backend.create(key, streamOf([text("yz")])).then(() => handle.stat(key));
        hold(back?.size === 2, contract.notEarly, "stat at the moment create from a stream resolves");
        const listed = await backend.create(`${key}-2`, text("x")).then(() => keysOf(handle, "now"));
        hold(listed.includes(`${key}-2`), contract.notEarly, "list at the moment create resolves");
      }
    },
  },
  {
    name: "concurrency: an append is visible at the moment its call resolves",
    needs: ["append"],
    async run({ backend, open }) {
      const append = backend.append?.bind(backend) as NonNullable<Backend["append"]>;
      for (const handle of [backend, await open()]) {
        const key = handle === backend ? "now/own" : "now/other";
        for (const size of [1, 2, 3]) {
          const seen = await append(key, text("x")).then(() => handle.stat(key));
          hold(
            seen?.size === size,
            contract.notEarly,
            `stat at the moment append resolves shows ${seen?.size}, not ${size} bytes`,
          );
        }
      }
    },
  },
  {
    name: "concurrency: a handle sees what another one changed since its last look",
    async run({ backend, open }) {
      const other = await open();
      for (const key of ["fresh/1", "blobs/fresh"]) {
        hold((await other.stat(key)) === undefined, contract.stat, "stat before create");
        same(await keysOf(other, ""), [], contract.listEmpty, "list before create");
        await backend.create(key, text("one"));
        same(await other.stat(key), { size: 3 }, contract.visible, "stat by a handle that looked before");
        sameBytes(await other.read(key), text("one"), contract.visible, "read by a handle that looked before");
        same(await keysOf(other, ""), [key], contract.visible, "list by a handle that looked before");
        await backend.remove(key);
        await rejects("NOT_FOUND", key, contract.visible, "read by a handle that read it before", () =>
          other.read(key),
        );
        hold((await other.stat(key)) === undefined, contract.visible, "stat by a handle that looked before remove");
        await backend.create(key, text("two!"));
        sameBytes(
          await other.read(key),
          text("two!"),
          contract.visible,
          "read of the new object by a handle that read the old one",
        );
        same(await listAll(other, ""), [{ key, size: 4 }], contract.visible, "list of the new object");
        await other.remove(key);
      }
    },
  },
  {
    name: "concurrency: only append changes an object",
    async run({ backend, open }) {
      await backend.create("fixed", text("fixed"));
      const other = await open();
      await rejects("EXISTS", "fixed", contract.onlyAppendChanges, "create", () => other.create("fixed", sample(9)));
      const many = Array.from({ length: 10 }, (_, i) => `beside/${i}`);
      await Promise.all(many.map((key, i) => (i % 2 ? backend : other).create(key, text(key))));
      await Promise.all(many.map((key, i) => (i % 2 ? other : backend).remove(key)));
      sameBytes(
        await backend.read("fixed"),
        text("fixed"),
        contract.onlyAppendChanges,
        "an object while others come and go",
      );
      same(await listAll(other, ""), [{ key: "fixed", size: 5 }], contract.onlyAppendChanges, "list");
    },
  },
];
