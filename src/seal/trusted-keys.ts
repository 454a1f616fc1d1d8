import { invalidArgument } from "../errors/ledger-error.ts";
import { type PublicKey, type SigningAlgorithm, verifyWith } from "./algorithm.ts";
import { type EnvelopeSignature, signedBytes } from "./dsse.ts";
import { importedKey, readKey } from "./signer.ts";

const MAX_KEYS = 1000;

/** What a signature proves. `unknown`: the id is not among the keys that are trusted. */
export type SignatureCheck = "right" | "wrong" | "unknown";

interface TrustedKey {
  readonly algorithm: SigningAlgorithm;
  readonly key: CryptoKey;
}

type Keys = ReadonlyMap<string, readonly TrustedKey[]>;

/** The keys that a caller trusts, by id. */
export class TrustedKeys {
  readonly #keys: Keys;

  private constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** Reads public keys, of which several may have one id. Throws `INVALID_ARGUMENT` for anything else. */
  static async read(keys: readonly PublicKey[] | undefined): Promise<TrustedKeys> {
    if (keys !== undefined && (!Array.isArray(keys) || keys.length > MAX_KEYS))
      throw invalidArgument("keys", `a list of at most ${MAX_KEYS} public keys`, keys);
    const found = new Map<string, TrustedKey[]>();
    for (const [i, given] of (keys ?? []).entries()) {
      const { algorithm, jwk } = await readKey(`keys[${i}]`, given);
      const trusted = { algorithm, key: await importedKey(`keys[${i}]`, algorithm, jwk) };
      found.set(jwk.kid, [...(found.get(jwk.kid) ?? []), trusted]);
    }
    return new TrustedKeys(found);
  }

  /** The ids of the keys. */
  get ids(): Iterable<string> {
    return this.#keys.keys();
  }

  /** Checks a signature of a payload with each key that has its id. */
  async check(payload: Uint8Array, { keyId, signature }: EnvelopeSignature): Promise<SignatureCheck> {
    const keys = this.#keys.get(keyId);
    if (keys === undefined) return "unknown";
    const bytes = signedBytes(payload);
    for (const { algorithm, key } of keys)
      if (await verifyWith(algorithm, key, bytes, signature).catch(() => false)) return "right";
    return "wrong";
  }
}
