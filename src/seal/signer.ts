import { type OptionNames, readOptions } from "../arguments/options.ts";
import { checkChoice } from "../arguments/choice.ts";
import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import { utf8Encoder } from "../bytes/utf8.ts";
import {
  algorithmOf,
  importKey,
  makeKeys,
  type PrivateKey,
  type PublicKey,
  type SigningAlgorithm,
  signWith,
  subtleCrypto,
} from "./algorithm.ts";
import { encodeBase64Url } from "./base64.ts";
import { isKeyId } from "./key-id.ts";

/**
 * Signs seals. Any object with these members is a signer: one that asks a key service, for example. `sign` returns 64
 * bytes for Ed25519, and a signature in DER for ECDSA on P-256 with SHA-256.
 */
export interface Signer {
  /** Names the key for those who verify: 1 to 200 printable characters. A new key needs a new id. */
  readonly keyId: string;
  /** Returns the signature of these bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** Options of {@link generateSigner}. */
export interface GenerateSignerOptions {
  /** Names the key. Default: its RFC 7638 thumbprint. */
  readonly keyId?: string | undefined;
  /** Default: Ed25519 where the platform knows it, else ES256. `publicKey` shows which. */
  readonly algorithm?: SigningAlgorithm | undefined;
}

const OPTIONS: OptionNames<GenerateSignerOptions> = { keyId: true, algorithm: true };

/** The keys of the signers that this module made. Not members of the signers, so that printing one shows no secret. */
const keysOf = new WeakMap<Signer, PrivateKey>();

/**
 * Makes a new pair of keys, and returns a signer with it. Store `privateKey(signer)` where only those read it who may
 * sign. Rejects with `UNSUPPORTED` if the platform does not know the algorithm, and with `INVALID_ARGUMENT`.
 */
export async function generateSigner(options?: GenerateSignerOptions): Promise<Signer> {
  const { keyId, algorithm } = readOptions("generateSigner", options, OPTIONS);
  if (algorithm !== undefined) checkChoice("algorithm", algorithm, ["Ed25519", "ES256"]);
  if (keyId !== undefined) checkKeyId("keyId", keyId);
  const keys = await makeKeys(algorithm ?? "Ed25519").catch((error: unknown) => {
    if (algorithm !== undefined || !LedgerError.hasCode(error, "UNSUPPORTED")) throw error;
    return makeKeys("ES256");
  });
  const jwk = (await subtleCrypto().exportKey("jwk", keys.privateKey)) as unknown as PrivateKey;
  return await importSigner(keyId === undefined ? jwk : { ...jwk, kid: keyId });
}

/**
 * Returns the signer with a private key that `privateKey` returned, or another JSON Web Key of Ed25519 or P-256. Rejects
 * with `INVALID_ARGUMENT` for any other key, and with `UNSUPPORTED`.
 */
export async function importSigner(jwk: PrivateKey): Promise<Signer> {
  const own = await readKey("jwk", jwk);
  const { d } = jwk;
  if (typeof d !== "string") throw invalidArgument("jwk.d", "the secret of a private key", d);
  const key = await importedKey("jwk", own.algorithm, { ...own.jwk, d });
  const signer: Signer = {
    keyId: own.jwk.kid,
    sign: async (bytes) => await signWith(own.algorithm, key, bytes),
  };
  keysOf.set(signer, { ...own.jwk, d });
  return signer;
}

/**
 * Returns the public key of a signer of `generateSigner` or `importSigner`: what `ledger.verify` takes in `keys`. Throws
 * `INVALID_ARGUMENT` for another signer.
 */
export function publicKey(signer: Signer): PublicKey {
  const { d: _secret, ...rest } = privateKey(signer);
  return rest;
}

/** Returns the private key of a signer of `generateSigner` or `importSigner`. Throws `INVALID_ARGUMENT` for another. */
export function privateKey(signer: Signer): PrivateKey {
  const found = typeof signer === "object" && signer !== null ? keysOf.get(signer) : undefined;
  if (found === undefined) throw invalidArgument("signer", "a signer of generateSigner or importSigner", signer);
  return { ...found };
}

/** Returns the public key of a signer, or `undefined` for one that this module did not make. */
export function publicKeyOf(signer: Signer): PublicKey | undefined {
  return keysOf.has(signer) ? publicKey(signer) : undefined;
}

/** Throws `INVALID_ARGUMENT` unless the value is a {@link Signer}. */
export function checkSigner(signer: unknown): asserts signer is Signer {
  const given = typeof signer === "object" && signer !== null ? signer : {};
  const { keyId, sign, kty } = given as Partial<Signer & PublicKey>;
  if (typeof sign !== "function") {
    const advice =
      kty === undefined
        ? ""
        : ` that is a JSON Web Key: await importSigner(jwk) of "runledger/seal" makes a signer of it`;
    throw invalidArgument("signer", "an object with keyId and sign", signer, advice);
  }
  checkKeyId("signer.keyId", keyId);
}

/** A public key that was checked, with an id. */
export interface OwnKey {
  readonly algorithm: SigningAlgorithm;
  readonly jwk: PublicKey & { readonly kid: string };
}

/** Returns the public part of a JSON Web Key. Throws `INVALID_ARGUMENT` unless it is one of Ed25519 or P-256. */
export async function readKey(field: string, given: unknown): Promise<OwnKey> {
  if (typeof given !== "object" || given === null) throw invalidArgument(field, "a JSON Web Key", given);
  const { kty, crv, x, y, kid } = given as Readonly<Record<keyof PublicKey, unknown>>;
  const algorithm = algorithmOf({ kty, crv });
  if (algorithm === undefined) throw invalidArgument(`${field}.crv`, "Ed25519 or P-256", crv);
  if (typeof x !== "string") throw invalidArgument(`${field}.x`, "a text", x);
  if (algorithm === "ES256" && typeof y !== "string") throw invalidArgument(`${field}.y`, "a text", y);
  if (kid !== undefined) checkKeyId(`${field}.kid`, kid);
  const base =
    algorithm === "ES256"
      ? { kty: "EC", crv: "P-256", x, y: y as string, alg: "ES256" }
      : { kty: "OKP", crv: "Ed25519", x, alg: "EdDSA" };
  return { algorithm, jwk: { ...base, kid: kid ?? (await thumbprint(base)) } };
}

/** Returns a key for WebCrypto. Throws `INVALID_ARGUMENT` for one that it refuses. */
export async function importedKey(
  field: string,
  algorithm: SigningAlgorithm,
  jwk: PublicKey & { readonly d?: string | undefined },
): Promise<CryptoKey> {
  try {
    return await importKey(algorithm, jwk);
  } catch (cause) {
    if (LedgerError.is(cause)) throw cause;
    const message = `${field} must be a key of ${algorithm}, but the platform refuses it`;
    throw new LedgerError("INVALID_ARGUMENT", message, { field, cause });
  }
}

function checkKeyId(field: string, value: unknown): asserts value is string {
  if (!isKeyId(value)) throw invalidArgument(field, "1 to 200 printable characters", value);
}

async function thumbprint({ crv, kty, x, y }: PublicKey): Promise<string> {
  // RFC 7638: the required members, in this order.
  const text = JSON.stringify({ crv, kty, x, ...(y !== undefined && { y }) });
  const bytes = utf8Encoder().encode(text) as Uint8Array<ArrayBuffer>;
  return encodeBase64Url(new Uint8Array(await subtleCrypto().digest("SHA-256", bytes)));
}
