import { hold, same, within } from "../assertions.ts";
import type { ConformanceCase } from "../case.ts";
import { contract } from "../contract.ts";
import { createAll, keysOf, listAll, sample, text } from "../samples.ts";

const MANY = 2001;
const PAGE = 1000;

export const listCases: readonly ConformanceCase[] = [
  {
    name: "list: an empty place and an absent prefix give nothing",
    async run({ backend, open }) {
      const other = await open();
      for (const handle of [backend, other]) {
        same(await keysOf(handle, ""), [], contract.listEmpty, "list of an empty place");
        same(await keysOf(handle, "absent/deep"), [], contract.listEmpty, "list of an absent prefix");
      }
      await backend.create("there", text("x"));
      for (const prefix of ["absent", "absent/deep", "ther", "there/below"]) {
        same(await keysOf(other, prefix), [], contract.listEmpty, `list of ${prefix}, which has no objects`);
      }
    },
  },
  {
    name: "list: the empty prefix finds everything, with sizes, and nothing else",
    async run({ backend, open }) {
      await backend.create("top", sample(3));
      await backend.create("a/b/c/d/deep", sample(70_000));
      await backend.create("a/b/near", new Uint8Array(0));
      const expected = [
        { key: "a/b/c/d/deep", size: 70_000 },
        { key: "a/b/near", size: 0 },
        { key: "top", size: 3 },
      ];
      same(await listAll(backend, ""), expected, contract.listEmpty, "list of everything");
      same(await listAll(await open(), ""), expected, contract.listEmpty, "list of everything through another handle");
    },
  },
  {
    name: "list: a prefix counts whole segments",
    async run({ backend }) {
      await createAll(backend, [
        "runs/1/a",
        "runs/1/b/c",
        "runs/10/a",
        "runs/1-x/a",
        "runs/1.x",
        "runs/11",
        "run/1/a",
        "runs2/1/a",
        "x/runs/1/a",
      ]);
      same(await keysOf(backend, "runs/1"), ["runs/1/a", "runs/1/b/c"], contract.listPrefix, "list of runs/1");
      same(await keysOf(backend, "run"), ["run/1/a"], contract.listPrefix, "list of run");
      same(await keysOf(backend, "runs/1/b"), ["runs/1/b/c"], contract.listPrefix, "list of runs/1/b");
    },
  },
  {
    name: "list: an object is not under its own key",
    async run({ backend }) {
      await createAll(backend, ["runs/1", "runs/2/a"]);
      same(await keysOf(backend, "runs/1"), [], contract.listPrefix, "list of the key of an object");
      same(await keysOf(backend, "runs"), ["runs/1", "runs/2/a"], contract.listPrefix, "list of runs");
    },
  },
  {
    name: "list: no character of a prefix is a wildcard",
    async run({ backend }) {
      await createAll(backend, ["a_b/1", "axb/1", "a%/1", "abc/1", "a+/1", "aa/1", "[a]/1", "(a)/1", "a$/1"]);
      for (const prefix of ["a_b", "a%", "a+", "[a]", "(a)", "a$"]) {
        same(await keysOf(backend, prefix), [`${prefix}/1`], contract.listPrefix, `list of ${prefix}`);
      }
    },
  },
  {
    name: "list: keys come in code-unit order of the whole key",
    async run({ backend, open }) {
      const keys =
        "a/x|a-b|a.b|a0|a b|a!/x|aa|a/x-|a/x.y/z|a~|a'|a(|B|C/1|_|d|Z|y|10|9|1|02|é|e|f|ü/1|Ω|日本|ñ|😀|ﬁ|｡/😀".split(
          "|",
        );
      await createAll(backend, keys);
      const expected = keys.toSorted();
      same(await keysOf(backend, ""), expected, contract.listOrder, "list");
      same(await keysOf(await open(), ""), expected, contract.listOrder, "list through another handle");
    },
  },
  {
    name: "list: startAfter is exclusive, need not exist and may lie outside the prefix",
    async run({ backend }) {
      const keys = ["p/a", "p/b-c", "p/b/x", "p/b/y", "p/c"];
      await createAll(backend, ["o/z", ...keys, "q/a"]);
      for (const [after, expected] of [
        ["p/a", keys.slice(1)],
        ["p/aa", keys.slice(1)],
        ["p/b", keys.slice(1)],
        ["p/b-c", keys.slice(2)],
        ["p/b/x", keys.slice(3)],
        ["p/b/y", keys.slice(4)],
        ["p/b0", keys.slice(4)],
        ["p/c", []],
        ["p", keys],
        ["a", keys],
        ["o/z", keys],
        ["p-", keys],
        ["p0", []],
        ["q/a", []],
      ] as const) {
        same(await keysOf(backend, "p", after), expected, contract.startAfter, `list of p after ${after}`);
      }
      same(await keysOf(backend, "", "p/c"), ["q/a"], contract.startAfter, "list of everything after p/c");
    },
  },
  {
    name: "list: pageSize ends no list",
    async run({ backend }) {
      const keys = ["p/a", "p/b/x", "p/b/y", "p/c", "p/d"];
      await createAll(backend, keys);
      for (const pageSize of [1, 2, 5, 1_000_000]) {
        const listed: string[] = [];
        for await (const { key } of backend.list("p", { pageSize, startAfter: "p/a" })) listed.push(key);
        same(listed, keys.slice(1), contract.pageSize, `list with pageSize ${pageSize}`);
      }
    },
  },
  {
    name: "list: thousands of keys, each once, across page edges, while some are removed",
    async run({ backend, open }) {
      const keys = Array.from(
        { length: MANY },
        (_, i) => `many/${i <= PAGE ? "a" : "b"}/${String(i).padStart(5, "0")}`,
      );
      await createAll(backend, keys);
      const other = await open();
      same(await keysOf(other, "many"), keys, contract.listOrder, `list of ${MANY} objects`);
      same(await keysOf(other, "many/a"), keys.slice(0, PAGE + 1), contract.listOrder, `list of ${PAGE + 1} objects`);
      same(
        await keysOf(other, "many/b"),
        keys.slice(PAGE + 1),
        contract.listOrder,
        `list of ${MANY - PAGE - 1} objects`,
      );
      for (const edge of [PAGE - 2, PAGE - 1, PAGE, 2 * PAGE - 1, 2 * PAGE]) {
        same(
          await keysOf(other, "many", keys[edge]),
          keys.slice(edge + 1),
          contract.startAfter,
          `list after object ${edge + 1}`,
        );
      }
      // Each batch is removed during the list. A list that counts positions would lose its place.
      const seen: string[] = [];
      for await (const { key } of other.list("many")) {
        hold(seen.length < MANY, contract.listOrder, `list yields more than ${MANY} entries`);
        seen.push(key);
        if (seen.length % 100 === 0) await Promise.all(seen.slice(-100).map((gone) => backend.remove(gone)));
      }
      same(seen, keys, contract.listChanging, "a list whose entries are removed as soon as they are seen");
      same(await keysOf(other, "many"), keys.slice(-1), contract.listOrder, "the list after all but one are removed");
    },
  },
  {
    name: "list: objects that stay are listed once while others come and go",
    async run({ backend, open }) {
      const other = await open();
      const stay = Array.from({ length: 12 }, (_, i) => `mixed/${String(i).padStart(2, "0")}-stays`);
      await createAll(backend, [...stay, "mixed/03-x", "mixed/11-x"]);
      const seen: string[] = [];
      for await (const { key } of other.list("mixed")) {
        hold(seen.length < 100, contract.listOrder, "list does not end");
        if (key.endsWith("stays")) seen.push(key);
        if (key === stay[1]) await createAll(backend, ["mixed/00-new", "mixed/05-new"]);
        if (key === stay[2]) await Promise.all([backend.remove("mixed/03-x"), backend.remove("mixed/11-x")]);
      }
      same(seen, stay, contract.listChanging, "the objects that were there all the time");
    },
  },
  {
    name: "list: the caller may stop early, any number of times",
    async run({ backend }) {
      await createAll(backend, ["stop/1", "stop/2", "stop/3"]);
      const stopOften = async (): Promise<void> => {
        for (let i = 0; i < 64; i++) {
          for await (const { key } of backend.list("stop")) {
            hold(key === "stop/1", contract.listOrder, `the first entry is ${key}`);
            break;
          }
        }
        const unread = backend.list("stop")[Symbol.asyncIterator]();
        await unread.return?.();
      };
      await within(contract.listStop, "64 lists left after their first entry", stopOften());
      const after = within(contract.listStop, "a list after others were left early", keysOf(backend, "stop"));
      same(await after, ["stop/1", "stop/2", "stop/3"], contract.listStop, "a list after others were left early");
      await within(contract.listStop, "remove after lists were left early", backend.remove("stop/1"));
      await within(contract.listStop, "create after lists were left early", backend.create("stop/4", text("x")));
    },
  },
  {
    name: "list: several lists at once do not disturb each other",
    async run({ backend }) {
      await createAll(backend, ["l/1", "l/2", "l/3", "m/1"]);
      const results = await Promise.all(["l", "m", "", "l"].map((prefix) => keysOf(backend, prefix)));
      const all = ["l/1", "l/2", "l/3", "m/1"];
      same(results, [all.slice(0, 3), ["m/1"], all, all.slice(0, 3)], contract.listOrder, "four lists at once");
      const [left, right] = [backend.list("l")[Symbol.asyncIterator](), backend.list("l")[Symbol.asyncIterator]()];
      const steps: unknown[] = [];
      for (const list of [left, right, left, right, left, right, left, right])
        steps.push(((await list.next()).value as { key: string } | undefined)?.key);
      same(
        steps,
        ["l/1", "l/1", "l/2", "l/2", "l/3", "l/3", undefined, undefined],
        contract.listOrder,
        "two lists in turns",
      );
    },
  },
];
