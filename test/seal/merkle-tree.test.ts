import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { loadSha256 } from "../../src/bytes/sha256.ts";
import { MerkleTree } from "../../src/seal/merkle-tree.ts";

const sha256 = await loadSha256();
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const hash = (...parts: readonly Uint8Array[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest();
const leafOf = (data: Uint8Array): Buffer => hash(Uint8Array.of(0), data);
const nodeOf = (left: Uint8Array, right: Uint8Array): Buffer => hash(Uint8Array.of(1), left, right);

function rootOf(leaves: readonly Uint8Array[]): string {
  const tree = new MerkleTree(sha256);
  for (const leaf of leaves) tree.add(leaf);
  expect(tree.size).toBe(leaves.length);
  return tree.root();
}

/** MTH of RFC 9162, section 2.1.1, word for word. */
function hashOf(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return hash();
  if (leaves.length === 1) return leafOf(leaves[0]!);
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return nodeOf(hashOf(leaves.slice(0, k)), hashOf(leaves.slice(k)));
}

/** PATH of RFC 9162, section 2.1.3.1. */
function pathOf(m: number, leaves: readonly Uint8Array[]): Buffer[] {
  if (leaves.length === 1) return [];
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return m < k
    ? [...pathOf(m, leaves.slice(0, k)), hashOf(leaves.slice(k))]
    : [...pathOf(m - k, leaves.slice(k)), hashOf(leaves.slice(0, k))];
}

/** The verification of RFC 9162, section 2.1.3.2. */
function isIncluded(leaf: Buffer, index: number, size: number, path: readonly Buffer[], root: string): boolean {
  let [fn, sn, r] = [index, size - 1, leaf];
  for (const p of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      r = nodeOf(p, r);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else r = nodeOf(r, p);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 && r.toString("hex") === root;
}

test("the roots of the leaves that implementations of Certificate Transparency test with", () => {
  const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
  const roots = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ];
  for (const [size, root] of roots.entries()) expect(rootOf(leaves.slice(0, size).map(hex))).toBe(root);
});

test("each leaf of trees of up to 40 is included by the algorithm of RFC 9162, and no other one", () => {
  for (let size = 1; size <= 40; size++) {
    const leaves = Array.from({ length: size }, (_, i) => Uint8Array.of(i, size));
    const root = rootOf(leaves);
    expect(hashOf(leaves).toString("hex")).toBe(root);
    for (const [index, leaf] of leaves.entries()) {
      const path = pathOf(index, leaves);
      expect(isIncluded(leafOf(leaf), index, size, path, root)).toBe(true);
      expect(isIncluded(leafOf(Uint8Array.of(99)), index, size, path, root)).toBe(false);
    }
  }
});
