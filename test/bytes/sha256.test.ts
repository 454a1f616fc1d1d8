import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { createHash } from "node:crypto";
import { loadSha256, nodeSha256 } from "../../src/bytes/sha256.ts";
import * as portable from "../../src/bytes/sha256-portable.ts";
import { turnsDuring } from "../turns.ts";

const node = nodeSha256({ createHash });
const implementations = { node, portable };
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** FIPS 180-4 examples, and the long ones of the NIST test set. */
const vectors: readonly [string, Uint8Array, string][] = [
  ["empty", text(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "two blocks",
    text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  ["a million a", text("a".repeat(1_000_000)), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
];

describe.each(Object.entries(implementations))("%s", (_name, { createSha256, sha256Hex }) => {
  test.each(vectors)("FIPS vector: %s", async (_vector, bytes, hex) => {
    expect(await sha256Hex(bytes)).toBe(hex);
    const hash = createSha256();
    for (let at = 0; at < bytes.byteLength; at += 977) hash.update(bytes.subarray(at, at + 977));
    expect(hash.digestHex()).toBe(hex);
  });

  test("shared memory", async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(100_000)).fill(7);
    expect(await sha256Hex(shared)).toBe(await node.sha256Hex(new Uint8Array(100_000).fill(7)));
  });
});

test("others run while many bytes are hashed", async () => {
  const bytes = new Uint8Array(10_000_000).fill(1);
  let hex = "";
  expect(await turnsDuring(async () => (hex = await node.sha256Hex(bytes)))).toBeGreaterThan(1);
  expect(hex).toBe(createHash("sha256").update(bytes).digest("hex"));
});

test("both give the same digest, however the bytes are cut", async () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { maxLength: 8 }), fc.nat(70_000), async (parts, zeros) => {
      const all = [...parts, new Uint8Array(zeros)];
      const hashes = [node.createSha256(), portable.createSha256()];
      for (const part of all) for (const hash of hashes) hash.update(part);
      const joined = new Uint8Array(Buffer.concat(all));
      const expected = await node.sha256Hex(joined);
      expect(await portable.sha256Hex(joined)).toBe(expected);
      for (const hash of hashes) expect(hash.digestHex()).toBe(expected);
    }),
  );
});

test("where the process has node:crypto that is used, elsewhere the portable one", async () => {
  const asked = vi.spyOn(process, "getBuiltinModule");
  try {
    const own = vi.fn<typeof createHash>(createHash);
    asked.mockReturnValueOnce({ createHash: own });
    const native = loadSha256();
    asked.mockReturnValueOnce(undefined as never);
    const elsewhere = loadSha256();
    (await native).createSha256();
    expect(own).toHaveBeenCalledOnce();
    expect((await elsewhere).createSha256).toBe(portable.createSha256);
    // What loads the portable one looks for descriptors.
    expect(asked.mock.calls).toEqual([["node:crypto"], ["node:crypto"], ["node:fs"]]);
  } finally {
    asked.mockRestore();
  }
});
