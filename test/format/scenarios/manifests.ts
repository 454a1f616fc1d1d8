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

/** Manifests and aliases that follow rules which no writer of this library needs. */
export async function manifests(place: Place): Promise<void> {
  await place.open();
  const store = async (key: string, value: object): Promise<void> =>
    await place.store.create(`artifacts/${key}.json`, encodeCheckedJson(value, "manifest"));
  const alias = async (
    name: string,
    called: string,
    number: string,
    version: string,
    more: object = {},
  ): Promise<void> =>
    await store(`${name}/aliases/${called}/${number}`, {
      v: 1,
      name,
      alias: called,
      number: Number(number.slice(0, 8)),
      version,
      ...more,
    });

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
  for (const [i, paths] of lists.entries())
    await store(`paths/versions/${String(i).padStart(8, "0")}`, manifest("paths", i, paths));

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
    { runId: "r".repeat(1001) },
    {
      files: [
        { ...one, size: 2 ** 53 - 1 },
        { ...one, path: "d", size: 1 },
      ],
    },
  ];
  for (const [i, more] of many.entries())
    await store(`shapes/versions/${String(i).padStart(8, "0")}`, manifest("shapes", i, ["x"], more));

  // Versions of equal number: with and without ids, and damaged ones.
  for (const [key, number] of [
    ["00000000", 0],
    ["00000000.b", 0],
    ["00000000.a", 0],
    ["00000001.a", 1],
    ["00000001.b", 1],
    ["00000002.only", 2],
    ["00000003.a", 3],
    ["00000003.damaged", 99],
    ["00000004", 4],
    ["00000004.damaged", 99],
    ["5", 5],
    ["000000006", 6],
    ["00000007.A", 7],
  ] as const)
    await store(`equal/versions/${key}`, manifest("equal", number, []));
  for (const version of ["v0", "v0.a", "v1", "v1.a", "v2", "v2.only", "v3", "v3.a", "v4", "v99", "v04", "x"])
    await alias("equal", `of-${version.replace(".", "-")}`, "00000000", version);
  await alias("equal", "newest", "00000000.b", "v0");
  await alias("equal", "newest", "00000000.a", "v4");
  await alias("equal", "later", "00000000", "v0");
  await alias("equal", "later", "00000001", "v4", { v: 2 });
  await alias("equal", "more", "00000000", "v0", { more: 1 });
  await alias("equal", "other", "00000000", "v0", { alias: "another" });
  await alias("equal", "foreign", "00000000", "v0", { name: "paths" });
  // Copies of an older record under a newer number.
  await alias("equal", "copied", "00000000", "v0");
  await alias("equal", "copied", "00000003", "v0", { number: 0 });
  await alias("equal", "copied-with-id", "00000001.b", "v0", { number: 0 });
  await alias("equal", "without-number", "00000000", "v0", { number: undefined });

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
    await store(`${key}/versions/00000000`, manifest(name, 0, []));
  for (const key of ["=61", "=2e=2e", "x=2e"])
    await store(`paths/aliases/${key}/00000000`, { v: 1, name: "paths", alias: "a", number: 0, version: "v9" });
}
