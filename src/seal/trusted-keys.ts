import { invalidArgument } from "../errors/ledger-error.ts";
import { type PublicKey, type SigningAlgorithm, verifyWith } from "./algorithm.ts";
import { type EnvelopeSignature, signedBytes } from "./dsse.ts";
import { importedKey, readKey } from "./signer.ts";

const MAX_KEYS = 1000;

/** What a signature proves. `unknown`: the id is not among the keys that are trusted. */
export type SignatureCheck = "right" | "wrong" | "unknown";

type Keys = ReadonlyMap<string, { readonly algorithm: SigningAlgorithm; readonly key: CryptoKey }>;

/** The keys that a caller trusts, by id. */
export class TrustedKeys {
  readonly #keys: Keys;

  private constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** Reads public keys. Throws `INVALID_ARGUMENT` for anything else, and for two keys with one id. */
  static async read(keys: readonly PublicKey[] | undefined): Promise<TrustedKeys> {
    if (keys !== undefined && (!Array.isArray(keys) || keys.length > MAX_KEYS))
      throw invalidArgument("keys", `a list of at most ${MAX_KEYS} public keys`, keys);
    const found = new Map<string, { readonly algorithm: SigningAlgorithm; readonly key: CryptoKey }>();
    for (const [i, given] of (keys ?? []).entries()) {
      const { algorithm, jwk } = await readKey(`keys[${i}]`, given);
      if (found.has(jwk.kid)) throw invalidArgument(`keys[${i}].kid`, "an id that no other key has", jwk.kid);
      found.set(jwk.kid, { algorithm, key: await importedKey(`keys[${i}]`, algorithm, jwk) });
    }
    return new TrustedKeys(found);
  }

  /** Checks a signature of a payload. */
  async check(payload: Uint8Array, { keyId, signature }: EnvelopeSignature): Promise<SignatureCheck> {
    const found = this.#keys.get(keyId);
    if (found === undefined) return "unknown";
    const isRight = await verifyWith(found.algorithm, found.key, signedBytes(payload), signature).catch(() => false);
    return isRight ? "right" : "wrong";
  }
}
