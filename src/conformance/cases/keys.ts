import { assertKey, MAX_KEY_BYTES, MAX_SEGMENT_BYTES } from "../../backend/key.ts";
import { hold, rejects, same, sameBytes } from "../assertions.ts";
import type { ConformanceCase, World } from "../case.ts";
import { contract } from "../contract.ts";
import { keysOf, text } from "../samples.ts";

/** Creates an object under each key, with the key as its bytes. Then finds, reads and removes each object. */
async function live(keys: readonly string[], { backend, open }: World): Promise<void> {
  const other = await open();
  for (const key of keys) {
    assertKey(key);
    hold(
      (await backend.stat(key)) === undefined,
      contract.stat,
      `stat of ${JSON.stringify(key)} is not undefined in an empty place`,
    );
    await rejects("NOT_FOUND", key, contract.readMissing, `read of ${JSON.stringify(key)} before it is created`, () =>
      backend.read(key),
    );
    await backend.create(key, text(key));
  }
  same(await keysOf(other, ""), keys.toSorted(), contract.listOrder, "list of the keys");
  for (const key of keys) {
    sameBytes(await other.read(key), text(key), contract.object, `the object ${JSON.stringify(key)}`);
    same(await other.stat(key), { size: text(key).length }, contract.stat, `stat of ${JSON.stringify(key)}`);
    const cut = key.lastIndexOf("/");
    if (cut > 0) {
      const siblings = keys.filter((one) => one.startsWith(key.slice(0, cut + 1))).toSorted();
      same(
        await keysOf(other, key.slice(0, cut)),
        siblings,
        contract.listPrefix,
        `list of ${JSON.stringify(key.slice(0, cut))}`,
      );
    }
  }
  for (const key of keys) await other.remove(key);
  same(await keysOf(backend, ""), [], contract.removeOne, "list after every key was removed");
}

export const keyCases: readonly ConformanceCase[] = [
  {
    name: "keys: characters beyond ASCII do not change",
    run: (world) =>
      live(["ä/ö", "日本語/モデル", "Ω", "привет/мир", "😀/🎉", "עברית", "é", "ñandú/x", "ﬁ", "한국어"], world),
  },
  {
    name: "keys: punctuation and spaces do not change",
    run: (world) =>
      live(
        [
          "a b/c d",
          "a+b",
          "a%20b",
          "a%2Fb",
          "100%",
          "a&b=c",
          "q#r",
          "x;y,z",
          "it's",
          "(a)[b]{c}",
          "$HOME/~",
          "cost$",
          "a$/b$",
          "$&",
          "$1/$$",
          "!@^`",
          "a=b/=2e",
          "-rf",
          "--",
          "_",
          "a.b.c",
          " lead",
          "a/ b/x",
        ],
        world,
      ),
  },
  {
    name: "keys: names with a meaning in JavaScript are ordinary keys",
    run: (world) =>
      live(
        [
          "__proto__",
          "constructor/prototype",
          "toString",
          "hasOwnProperty",
          "valueOf/__proto__",
          "then",
          "null",
          "undefined",
          "0",
          "-1",
          "1e3",
          "length",
        ],
        world,
      ),
  },
  {
    name: "keys: case is kept",
    run: (world) => live(["README", "Ab/Cd/eF", "straße", "İstanbul"], world),
  },
  {
    name: "keys: the longest segment and the longest key can be stored",
    run: (world) => {
      const segment = "s".repeat(MAX_SEGMENT_BYTES);
      const wide = "語".repeat(MAX_SEGMENT_BYTES / 3);
      const whole = [segment, segment, segment, "k".repeat(MAX_KEY_BYTES - 3 * (MAX_SEGMENT_BYTES + 1))].join("/");
      const deep = Array.from({ length: MAX_KEY_BYTES / 2 }, () => "d").join("/");
      return live([`x/${segment}`, `x/${wide}`, whole, `${deep}e`], world);
    },
  },
  {
    name: "keys: a difference of one character makes another object",
    run: (world) =>
      live(["k/a-b", "k/a_b", "k/a.b", "k/a b", "k/a+b", "k/a%20b", "k/ab", "k/a=b", "ka-b", "k-a-b"], world),
  },
];
