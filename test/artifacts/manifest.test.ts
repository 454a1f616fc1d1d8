import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withChecksum } from "../../src/bytes/checked-json.ts";
import { listingDigest } from "../../src/artifacts/directory-listing.ts";
import { compareUtf8 } from "../../src/bytes/utf8-order.ts";
import type { Manifest } from "../../src/artifacts/manifest.ts";
import { encodeManifest, encodeMetadata, parseManifest } from "../../src/artifacts/manifest.ts";
import { unportablePaths } from "../../src/artifacts/path.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { sha256 } from "./fixtures.ts";

const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const segment = fc.oneof(
  { weight: 9, arbitrary: fc.stringMatching(/^[a-z0-9_éü😀-]{1,12}$/u) },
  // Names that some systems cannot hold.
  fc.constantFrom("con", "nul.py", "a:b", "x."),
);
const files = fc
  .uniqueArray(fc.record({ path: segment, size: fc.nat(), hex }), { selector: (file) => file.path, maxLength: 20 })
  .map((list) => {
    const odd = unportablePaths(list.map(({ path }) => path));
    const marked = list.map((file) => (odd.has(file.path) ? { ...file, portable: false as const } : file));
    return marked.sort((a, b) => compareUtf8(a.path, b.path));
  });
/** As `files`, some of them one after another in packs. */
const packedFiles = fc
  .tuple(files, fc.array(hex, { minLength: 1, maxLength: 3 }), fc.nat())
  .map(([list, hexes, salt]) => {
    const packs = [...new Set(hexes)].map((digest) => ({ hex: digest, size: 0 }));
    return list.map((file, i) => {
      const pack = packs[(i * salt) % (2 * packs.length)];
      if (pack === undefined) return file;
      const size = file.size % 100_000;
      const place = { pack, at: pack.size };
      pack.size += size;
      return { ...file, size, place };
    });
  });
const metadata = fc.dictionary(
  fc.oneof(fc.constantFrom("__proto__", "$rl", "constructor"), fc.string()),
  fc.oneof(fc.double(), fc.jsonValue(), fc.bigInt()),
);

const manifests: fc.Arbitrary<Manifest> = fc
  .record(
    {
      name: fc.constantFrom("model", "a/b", "Größe"),
      number: fc.nat(99_999_999),
      hex,
      type: fc.string({ minLength: 1 }),
      metadata,
      createdAt: fc.nat(),
      runId: fc.stringMatching(/^[a-z0-9]{1,20}$/),
      single: fc.boolean(),
      files: packedFiles,
    },
    { requiredKeys: ["name", "number", "hex", "metadata", "createdAt", "single", "files"] },
  )
  .map((manifest) =>
    manifest.single ? { ...manifest, files: [{ path: "content", size: 5, hex: manifest.hex }] } : manifest,
  );

function parse(text: string | Uint8Array, name = "model", number = 3): Manifest {
  return parseManifest(
    typeof text === "string" ? (text.startsWith("{") ? withChecksum(text) : new TextEncoder().encode(text)) : text,
    "artifacts/model/versions/x.json",
    name,
    number,
  );
}

function codeOf(act: () => unknown): string {
  try {
    act();
    return "none";
  } catch (error) {
    if (!LedgerError.is(error)) throw error;
    expect(error.key).toBe("artifacts/model/versions/x.json");
    return error.code;
  }
}

test("any manifest is read as it was written", () => {
  fc.assert(
    fc.property(manifests, (manifest) => {
      const back = parse(encodeManifest(manifest), manifest.name, manifest.number);
      const { metadata: before, ...rest } = manifest;
      const { metadata: after, ...restAfter } = back;
      expect(restAfter).toEqual(rest);
      expect(encodeMetadata(after)).toBe(encodeMetadata(before));
      expect(Object.keys(after)).toEqual(Object.keys(before));
    }),
  );
});

const valid = {
  v: 1,
  name: "model",
  version: 3,
  digest: `sha256:${"a".repeat(64)}`,
  createdAt: 1,
  single: false,
  metadata: {},
  files: [{ path: "a", size: 1, digest: `sha256:${"b".repeat(64)}` }],
};
const file = valid.files[0];
const pack = { digest: `sha256:${"c".repeat(64)}`, size: 10 };

/** Returns a manifest with a pack of 10 bytes, whose files are at these places. */
function packed(members: object, ...places: { in?: number; at?: number; size?: number; n?: number }[]): object {
  const files = places.map(({ n = 0, ...place }, i) => ({
    ...file,
    ...place,
    path: `f${i}`,
    digest: `sha256:${`${n}`.repeat(64)}`,
  }));
  return { ...valid, packs: [pack], files, ...members };
}

describe("hostile manifests", () => {
  test("the valid one is valid, and unknown members are ignored", () => {
    expect(parse(JSON.stringify({ ...valid, later: { x: 1 } })).files).toHaveLength(1);
  });

  test.each<[string, unknown]>([
    ["no object", []],
    ["null", null],
    ["another name", { ...valid, name: "other" }],
    ["another version", { ...valid, version: 4 }],
    ["a version that is a text", { ...valid, version: "3" }],
    ["an old v", { ...valid, v: 0 }],
    ["no files", { ...valid, files: undefined }],
    ["files that are an object", { ...valid, files: { length: 1e9 } }],
    ["no metadata", { ...valid, metadata: undefined }],
    ["metadata that is a text", { ...valid, metadata: "x" }],
    ["metadata that is a number in disguise", { ...valid, metadata: { $rl: "f64", v: "NaN" } }],
    ["metadata with an unknown mark", { ...valid, metadata: { a: { $rl: "x" } } }],
    ["a digest with a path", { ...valid, digest: "sha256:../../../../etc/passwd" }],
    ["a digest in capitals", { ...valid, digest: `sha256:${"A".repeat(64)}` }],
    ["a digest of another kind", { ...valid, digest: `md5:${"a".repeat(64)}` }],
    ["a short file digest", { ...valid, files: [{ ...file, digest: "sha256:ab" }] }],
    ["a file digest with a path", { ...valid, files: [{ ...file, digest: `sha256:../${"a".repeat(61)}` }] }],
    ["a file digest with a newline", { ...valid, files: [{ ...file, digest: `sha256:${"a".repeat(64)}\n` }] }],
    ["a negative size", { ...valid, files: [{ ...file, size: -1 }] }],
    ["a broken size", { ...valid, files: [{ ...file, size: 1.5 }] }],
    ["a huge size", { ...valid, files: [{ ...file, size: 1e300 }] }],
    [
      "sizes that overflow together",
      { ...valid, files: ["a", "b"].map((path) => ({ ...file, path, size: Number.MAX_SAFE_INTEGER })) },
    ],
    ["a path upwards", { ...valid, files: [{ ...file, path: "../x" }] }],
    ["an absolute path", { ...valid, files: [{ ...file, path: "/etc/passwd" }] }],
    ["a drive", { ...valid, files: [{ ...file, path: "C:/x" }] }],
    ["a backslash", { ...valid, files: [{ ...file, path: "..\\x" }] }],
    ["a path not in normal form", { ...valid, files: [{ ...file, path: "e\u0301" }] }],
    ["a path twice", { ...valid, files: [file, file] }],
    ["paths out of order", { ...valid, files: ["b", "a"].map((path) => ({ ...file, path })) }],
    ["a portable mark that is true", { ...valid, files: [{ ...file, portable: true }] }],
    ["a file that is a directory", { ...valid, files: ["a", "a/b"].map((path) => ({ ...file, path })) }],
    ["packs that are no list", packed({ packs: { 0: pack } })],
    ["a pack of more than 8 MiB", packed({ packs: [{ ...pack, size: 8 * 1024 * 1024 + 1 }] })],
    ["a pack without a size", packed({ packs: [{ digest: pack.digest }] })],
    ["a pack with a path as its digest", packed({ packs: [{ ...pack, digest: "sha256:../../x" }] })],
    ["a pack that is missing", packed({}, { in: 1, at: 0 })],
    ["no packs at all", packed({ packs: undefined }, { in: 0, at: 0 })],
    ["a pack without a place", packed({}, { in: 0 })],
    ["a place without a pack", packed({}, { at: 0 })],
    ["a place before the pack", packed({}, { in: 0, at: -1 })],
    ["a broken place", packed({}, { in: 0, at: 0.5 })],
    ["a content behind the pack", packed({}, { in: 0, at: 10 })],
    ["a content that is longer than the pack", packed({}, { in: 0, at: 5, size: 6 })],
    ["a content of almost any size", packed({}, { in: 0, at: 1, size: Number.MAX_SAFE_INTEGER })],
    ["contents that overlap", packed({}, { in: 0, at: 0, size: 6 }, { in: 0, at: 4, size: 6 })],
    ["contents of other digests in one place", packed({}, { in: 0, at: 0, size: 6 }, { in: 0, at: 0, size: 6, n: 1 })],
    ["one content of another digest", { ...valid, single: true }],
    ["one content of two files", { ...valid, single: true, files: ["a", "b"].map((path) => ({ ...file, path })) }],
  ])("%s is CORRUPT", (_name, value) => {
    expect(codeOf(() => parse(JSON.stringify(value)))).toBe("CORRUPT");
  });

  test("paths that some systems cannot hold are marked, whether or not the manifest marks them", () => {
    const paths = ["A", "C:x", "a", "ok", "told"];
    const files = paths.map((path) => ({ ...file, path, ...(path === "told" && { portable: false }) }));
    const manifest = parse(JSON.stringify({ ...valid, files }));
    expect(manifest.files.filter(({ portable }) => portable === false).map(({ path }) => path)).toEqual([
      "A",
      "C:x",
      "a",
      "told",
    ]);
  });

  test("contents in packs may fill them, and equal ones may share a place", () => {
    const places = [0, 0, 5].map((at) => ({ in: 0, at, size: 5, n: at }));
    const manifest = parse(JSON.stringify(packed({}, ...places)));
    expect(manifest.files.map(({ place }) => [place?.pack.size, place?.at])).toEqual([
      [10, 0],
      [10, 0],
      [10, 5],
    ]);
  });

  test("too many packs", () => {
    const packs = Array.from({ length: 20_001 }, () => pack);
    expect(codeOf(() => parse(JSON.stringify(packed({ packs }))))).toBe("CORRUPT");
    expect(codeOf(() => parse(JSON.stringify(packed({ packs: packs.slice(1) }))))).toBe("none");
  });

  test("too many files", () => {
    const files = `[${'{"path":"a"},'.repeat(1_000_000)}{}]`;
    expect(codeOf(() => parse(JSON.stringify({ ...valid, files: "F" }).replace('"F"', files)))).toBe("CORRUPT");
  });

  test("no JSON, no UTF-8, too long", () => {
    expect(codeOf(() => parse("{"))).toBe("CORRUPT");
    expect(codeOf(() => parse(Uint8Array.of(0xff, 0xfe)))).toBe("CORRUPT");
    expect(codeOf(() => parse(new Uint8Array(64 * 1024 * 1024 + 1)))).toBe("CORRUPT");
  });

  test("a later version is FORMAT_TOO_NEW", () => {
    expect(codeOf(() => parse(JSON.stringify({ ...valid, v: 2 })))).toBe("FORMAT_TOO_NEW");
  });

  test("keys of Object.prototype are data, not behaviour", () => {
    const manifest = parse(
      JSON.stringify(valid).replace('"metadata":{}', '"metadata":{"__proto__":{"polluted":true}}'),
    );
    expect(Object.keys(manifest.metadata)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBe(undefined);
  });

  test("any bytes become a manifest or a LedgerError", () => {
    const text = JSON.stringify(valid);
    const mutated = fc
      .tuple(fc.nat(text.length - 1), fc.string({ maxLength: 5 }))
      .map(([at, insert]) => text.slice(0, at) + insert + text.slice(at + 1));
    fc.assert(
      fc.property(mutated, (given) => {
        expect(["none", "CORRUPT", "FORMAT_TOO_NEW"]).toContain(codeOf(() => parse(given)));
      }),
    );
  });
});

describe("digest of a directory", () => {
  test("is the SHA-256 of one JSON line per file", async () => {
    const listed = [
      { path: "a.txt", size: 1, hex: sha256("x") },
      { path: 'b"\n', size: 0, hex: sha256("") },
    ];
    const text = `["a.txt",1,"${sha256("x")}"]\n["b\\"\\n",0,"${sha256("")}"]\n`;
    expect(await listingDigest(listed)).toBe(sha256(text));
    expect(await listingDigest([])).toBe(sha256(""));
  });

  test("paths are in the order of their UTF-8 bytes", () => {
    const paths = fc.string({ unit: "grapheme" }).filter((path) => !/[\ud800-\udfff]/u.test(path));
    fc.assert(
      fc.property(fc.oneof(paths, fc.constantFrom("\uffff", "😀", "\ue000", "a😀", "a\ufffd")), paths, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
    expect(compareUtf8("\uffff", "😀")).toBeLessThan(0);
  });
});
