import type { Sha256Module } from "../bytes/digest.ts";

/** A hash of a leaf or of a node, as hex digits. */
type Hash = string;

/**
 * Computes the root of the Merkle tree of RFC 9162 over leaves that come one after another. A leaf is hashed as
 * SHA-256(0x00 || data), a node as SHA-256(0x01 || left || right). Memory grows with the logarithm of their number.
 */
export class MerkleTree {
  readonly #sha256: Sha256Module;
  /** The roots of complete subtrees, the largest first. No two have the same size. */
  readonly #roots: { readonly leaves: number; readonly hash: Hash }[] = [];
  #size = 0;

  constructor(sha256: Sha256Module) {
    this.#sha256 = sha256;
  }

  /** The number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** Adds a leaf with these bytes. */
  add(data: Uint8Array): void {
    let node = { leaves: 1, hash: this.#hash(LEAF, data) };
    while (this.#roots.at(-1)?.leaves === node.leaves) {
      const left = this.#roots.pop()!;
      node = { leaves: 2 * node.leaves, hash: this.#node(left.hash, node.hash) };
    }
    this.#roots.push(node);
    this.#size++;
  }

  /** Returns the root over all leaves so far, as 64 hex digits. */
  root(): Hash {
    const last = this.#roots.at(-1);
    if (last === undefined) return this.#hash(new Uint8Array(), new Uint8Array());
    return this.#roots.slice(0, -1).reduceRight((right, { hash }) => this.#node(hash, right), last.hash);
  }

  #node(left: Hash, right: Hash): Hash {
    return this.#hash(NODE, bytesOf(left), bytesOf(right));
  }

  #hash(...parts: readonly Uint8Array[]): Hash {
    const hash = this.#sha256.createSha256();
    for (const part of parts) hash.update(part);
    return hash.digestHex();
  }
}

const LEAF = /* @__PURE__ */ Uint8Array.of(0);
const NODE = /* @__PURE__ */ Uint8Array.of(1);

function bytesOf(hex: Hash): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}
