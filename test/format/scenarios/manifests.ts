import { createHash } from "node:crypto";
import { encodeCheckedJson } from "../../../src/bytes/checked-json.ts";
import { TIME } from "./by-hand.ts";
import type { Place } from "./place.ts";

const digestOf = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** A manifest of files with these paths, none of which has content. */
function manifest(name: string, version: number, paths: readonly string[], more: object = {}): object {
  const digest = digestOf("");
  const lines = paths.map((path) => `["${path.replaceAll('"', String.raw`\"`)}",0,"${digest.slice(7)}"]\n`);
  const files = paths.map((path) => ({ path, size: 0, digest }));
  const head = { v: 1, name, version, digest: digestOf(lines.join("")), createdAt: TIME, single: false };
  return { ...head, metadata: {}, files, ...more };
}

/** The digits of a number in a key. */
function down(number: number): string {
  const digits = String(99_999_999 - number);
  return `${digits.slice(0, -2)}/${digits.slice(-2)}`;
}

/** Manifests and aliases that follow rules which no writer of this library needs. */
export async function manifests(place: Place): Promise<void> {
  await place.open();
  const store = async (key: string, value: object): Promise<void> =>
    await place.store.create(`artifacts/${key}.json`, encodeCheckedJson(value, "manifest"));
  const version = async (name: string, key: string, value: object): Promise<void> =>
    await store(`${name}/versions/${key}`, value);
  const alias = async (name: string, called: string, key: string): Promise<void> =>
    await place.store.create(`artifacts/${name}/aliases/${called}/${key}`, new Uint8Array(0));

  const lists: readonly (readonly string[])[] = [
    ["C:"],
    ["C:/x"],
    ["C:x", "d:y/z"],
    ["A/y", "a/x"],
    ["A/b", "a"],
    ["1/C:"],
    ["b", "a"],
    ["a", "a"],
    ["a", "a/b"],
    [],
    ["AUX ", "aux .txt", "con.", "nul.tar.gz", "q?"],
    ["SS", "ss", "\u00df"],
    ["."],
    ["a//b"],
    ["/a"],
    ["a/"],
    ["a\\b"],
    ["e\u0301"],
    ["x".repeat(256)],
    ["x".repeat(255)],
    [Array.from({ length: 64 }, () => "s").join("/")],
    [Array.from({ length: 65 }, () => "s").join("/")],
  ];
  for (const [i, paths] of lists.entries()) await version("paths", down(i), manifest("paths", i, paths));

  const one = { path: "content", size: 0, digest: digestOf("") };
  const many: readonly object[] = [
    { single: true, digest: digestOf(""), files: [one] },
    { single: true, digest: digestOf("x"), files: [one] },
    { single: true, digest: digestOf(""), files: [one, { ...one, path: "other" }] },
    { single: true, digest: digestOf(""), files: [] },
    { digest: digestOf("another list") },
    { later: 1, files: [{ ...one, later: 1 }], digest: digestOf("x") },
    { v: 2 },
    { v: 1, metadata: [] },
    { metadata: { a: Number.NaN, b: 5n, $rl: 1 }, type: "t", runId: "r" },
    { createdAt: Number.NaN },
    { name: "other" },
    { version: 7 },
    { files: [{ ...one, size: -1 }] },
    { files: [{ ...one, portable: true }] },
    { files: [{ ...one, portable: false }], single: true, digest: digestOf("") },
    { type: "" },
    { description: "" },
    { description: 5 },
    { description: "d".repeat(10_000) },
    { description: "d".repeat(10_001) },
    { runId: "r".repeat(1001) },
    {
      files: [
        { ...one, size: 2 ** 53 - 1 },
        { ...one, path: "d", size: 1 },
      ],
    },
  ];
  for (const [i, more] of many.entries()) await version("shapes", down(i), manifest("shapes", i, ["x"], more));

  // Versions of equal number: with and without ids, and damaged ones.
  for (const [key, number] of [
    ["999999/99", 0],
    ["999999/99.b", 0],
    ["999999/99.a", 0],
    ["999999/98.a", 1],
    ["999999/98.b", 1],
    ["999999/97.only", 2],
    ["999999/96.a", 3],
    ["999999/96.damaged", 99],
    ["999999/95", 4],
    ["999999/95.damaged", 99],
    ["999999/4", 5],
    ["999999/930", 6],
    ["999999/92.A", 7],
    ["99999991", 8],
    ["999998/00", 199],
    ["000000/00", 99_999_999],
  ] as const)
    await version("equal", key, manifest("equal", number, []));
  for (const tag of ["v0", "v0.a", "v1", "v1.a", "v2", "v2.only", "v3", "v3.a", "v4", "v99", "v04", "x", "v0.A", "v-1"])
    await alias("equal", `of-${tag.toLowerCase().replace(".", "-")}-${tag.length}`, `99999999.${tag}`);
  // The first key counts, if it is one.
  await alias("equal", "newest", "99999998.v2");
  await alias("equal", "newest", "99999999.v0");
  await alias("equal", "newest", "99999997.x");
  await alias("equal", "newest", "9999990.v0");
  await alias("equal", "newest", "9999990.v4.json");
  await alias("equal", "newest", "00000000");
  await alias("equal", "at-once", "99999999.v4");
  await alias("equal", "at-once", "99999999.v0.a");
  await alias("equal", "at-once", "99999999.v99999999");
  await alias("equal", "last", "00000000.v99999999");
  await place.store.create("artifacts/equal/aliases/full/99999999.v4", new Uint8Array(5));

  // Names that are escaped in another way than the rule says.
  for (const [key, name] of [
    ["=61", "a"],
    ["a=2e", "a."],
    ["=2ea", ".a"],
    ["=6", "=6"],
    ["=ff", "\ufffd"],
    ["=c3=a9", "\u00e9"],
    ["e=cc=81", "e\u0301"],
    ["=4A", "J"],
    ["=4a", "J"],
  ] as const)
    await version(key, down(0), manifest(name, 0, []));
  for (const key of ["=61", "=2e=2e", "x=2e"]) await alias("paths", key, "99999999.v9");
}
