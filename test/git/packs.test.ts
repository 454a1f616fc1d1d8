import { readFileSync, readdirSync, writeFileSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { PackSizes } from "../../src/git/portable/pack-sizes.ts";
import { freshRepository } from "./fresh-repository.ts";

const MIB: number = 1024 * 1024;
const id = (n: number): string => n.toString(16).padStart(2, "0").repeat(20);

/** Returns a number as a pack has it, in at least `bytes` bytes. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

interface Packed {
  readonly type: number;
  /** What the header says. Default: the length of the content. */
  readonly size?: number;
  /** How far before it the base is, or the id of the base. */
  readonly base?: number | string;
  readonly content: Uint8Array;
}

/** Makes a pack of these objects, whose ids are those of their numbers. */
function sizesOf(objects: readonly Packed[], damage: (index: Buffer) => Buffer = (index) => index): PackSizes {
  const parts: Buffer[] = [Buffer.from("PACK\0\0\0\x02\0\0\0\0")];
  const offsets: number[] = [];
  let at = 12;
  for (const { type, content, size = content.length, base } of objects) {
    offsets.push(at);
    const rest = Math.floor(size / 16);
    const header = [(type << 4) | (size % 16) | (rest > 0 ? 128 : 0), ...(rest > 0 ? varint(rest) : [])];
    const reference = typeof base === "string" ? [...Buffer.from(base, "hex")] : base === undefined ? [] : [base];
    const entry = Buffer.concat([Buffer.from([...header, ...reference]), deflateSync(content)]);
    parts.push(entry);
    at += entry.length;
  }
  const numbers = (list: readonly number[]): Buffer => {
    const bytes = Buffer.alloc(4 * list.length);
    list.forEach((value, i) => bytes.writeUInt32BE(value, 4 * i));
    return bytes;
  };
  const index = damage(
    Buffer.concat([
      numbers([0xff744f63, 2, ...Array.from({ length: 256 }, () => objects.length)]),
      ...objects.map((_, i) => Buffer.from(id(i), "hex")),
      numbers([...objects.map(() => 0), ...offsets]),
      Buffer.alloc(40),
    ]),
  );
  const pack = Buffer.concat([...parts, Buffer.alloc(20)]);
  return new PackSizes({ list: async () => ["/p"], read: async (path) => (path.endsWith(".idx") ? index : pack) });
}

const blob = (content: Uint8Array, size?: number): Packed => ({
  type: 3,
  content,
  ...(size !== undefined && { size }),
});
const delta = (result: number, base: number | string): Packed => ({
  type: typeof base === "string" ? 7 : 6,
  base,
  content: Uint8Array.from([...varint(5), ...varint(result), 0x90, 5]),
});

describe.each(["node:zlib", "fflate"])("sizes of objects in packs, with %s", (inflater) => {
  const withInflater = async (work: () => Promise<unknown>): Promise<unknown> => {
    if (inflater === "node:zlib") return await work();
    const { getBuiltinModule } = process;
    const spy = vi
      .spyOn(process, "getBuiltinModule")
      .mockImplementation((name: string) =>
        name === "node:zlib" ? undefined : (getBuiltinModule.call(process, name) as never),
      );
    try {
      return await work();
    } finally {
      spy.mockRestore();
    }
  };
  const check = (sizes: PackSizes, n: number): Promise<unknown> => withInflater(() => sizes.check(id(n)));
  const small = blob(Buffer.from("small"));

  test("of honest packs", async () => {
    const sizes = sizesOf([small, blob(Buffer.alloc(70_000)), delta(5, id(0)), blob(new Uint8Array())]);
    expect(await check(sizes, 0)).toBe(5);
    expect(await check(sizes, 1)).toBe(70_000);
    expect(await check(sizes, 2)).toBe(4 + 5 + 5);
    expect(await check(sizes, 3)).toBe(0);
    expect(await check(sizes, 9)).toBe(0);
  });

  test.each([
    ["says that it is too large", [blob(Buffer.from("x"), 33 * MIB)], "TOO_LARGE"],
    ["inflates to more than it says", [blob(Buffer.alloc(3 * MIB), 10)], "CORRUPT"],
    ["is a delta that promises too much", [small, delta(2 ** 40, id(0))], "TOO_LARGE"],
    ["is made from one that is too large", [blob(Buffer.from("x"), 33 * MIB), delta(5, id(0))], "TOO_LARGE"],
    ["is made from itself", [delta(5, id(0))], "TOO_LARGE"],
    ["is made from one before the pack", [delta(5, 100)], "CORRUPT"],
    ["is not deflated", [{ type: 3, content: new Uint8Array(), size: 9 }], "CORRUPT"],
  ] as const)("an object that %s is refused", async (_, objects, code) => {
    await expect(check(sizesOf(objects), objects.length - 1)).rejects.toMatchObject({ code });
  });
});

test.each([
  ["too short", (index: Buffer) => index.subarray(0, 100)],
  ["of another version", (index: Buffer) => Buffer.concat([Buffer.alloc(8), index.subarray(8)])],
  ["with more objects than bytes", (index: Buffer) => (index.writeUInt32BE(2 ** 30, 1028), index)],
  ["not in order", (index: Buffer) => (index.fill(1, 1032, 1052), index.fill(0, 1052, 1072), index)],
])("an index that is %s is refused", async (_, damage) => {
  const content = Buffer.from("small");
  await expect(sizesOf([blob(content), blob(content)], damage).check(id(0))).rejects.toMatchObject({ code: "CORRUPT" });
});

describe("isomorphic-git", () => {
  const fresh = freshRepository();

  test("a small pack that inflates to a large object does no harm", async () => {
    const { current } = fresh;
    current.write("large.txt", Buffer.alloc(40 * MIB, " "));
    current.git("add", "--all");
    current.git("commit", "--quiet", "--message", "large");
    current.git("repack", "-adq");
    current.write("large.txt", "small\n");
    current.write("train.ts", "changed\n");
    const code = await fresh.capture();
    expect(code).toMatchObject({ dirty: true, incomplete: ["patch: large.txt cannot be compared"] });
    expect(new TextDecoder().decode(code?.patch)).toContain("+changed");
  });

  test("a pack that lies about the size of a commit makes dirty unknown", async () => {
    const { current } = fresh;
    current.git("repack", "-adq");
    const folder = join(current.directory, ".git/objects/pack");
    const name = readdirSync(folder).find((each) => each.endsWith(".pack")) ?? "";
    const head = current.git("rev-parse", "HEAD").trim();
    const listed = current.git("verify-pack", "-v", join(folder, name.replace(".pack", ".idx")));
    const offset = Number(new RegExp(`^${head} commit +\\d+ \\d+ (\\d+)`, "m").exec(listed)?.[1]);
    const pack = readFileSync(join(folder, name));
    pack[offset] = (pack[offset] as number) ^ 1;
    chmodSync(join(folder, name), 0o600);
    writeFileSync(join(folder, name), pack);
    const code = await fresh.capture();
    expect(code).toMatchObject({ commit: head, branch: "main", dirty: "unknown" });
    expect(code?.incomplete).toEqual(["dirty: the commit cannot be read: an object in a pack is damaged"]);
  });
});
