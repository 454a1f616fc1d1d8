import { builtinModule } from "../platform/builtin-module.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { fromDer, toDer } from "./ecdsa-der.ts";

/** How a signer signs: with Ed25519, or with ECDSA on the curve P-256 and SHA-256. */
export type SigningAlgorithm = "Ed25519" | "ES256";

/** A public key as a JSON Web Key. */
export interface PublicKey {
  /** `OKP` for Ed25519, `EC` for ES256. */
  readonly kty: string;
  /** `Ed25519` or `P-256`. */
  readonly crv: string;
  /** The key, or its first coordinate, in base64url. */
  readonly x: string;
  /** The second coordinate of a key of P-256, in base64url. */
  readonly y?: string | undefined;
  /** The id of the key. Default: its RFC 7638 thumbprint. */
  readonly kid?: string | undefined;
  /** `EdDSA`, `Ed25519` or `ES256`. No reader needs it. */
  readonly alg?: string | undefined;
}

/** A private key as a JSON Web Key. Who has it signs as its owner. */
export interface PrivateKey extends PublicKey {
  /** The secret, in base64url. */
  readonly d: string;
}

/** What WebCrypto calls the algorithms. */
const PARAMETERS = {
  Ed25519: { name: "Ed25519" },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
} as const;

/** Returns the algorithm of a key, or `undefined` for a key of another kind. */
export function algorithmOf({
  kty,
  crv,
}: {
  readonly kty?: unknown;
  readonly crv?: unknown;
}): SigningAlgorithm | undefined {
  if (kty === "OKP" && crv === "Ed25519") return "Ed25519";
  return kty === "EC" && crv === "P-256" ? "ES256" : undefined;
}

/** Returns the WebCrypto of this platform. Throws `UNSUPPORTED` without one. */
export function subtleCrypto(): SubtleCrypto {
  type WithSubtle = { readonly subtle?: SubtleCrypto } | undefined;
  const own = (globalThis as { readonly crypto?: WithSubtle }).crypto?.subtle;
  const subtle = own ?? builtinModule<{ readonly webcrypto?: WithSubtle }>("node:crypto")?.webcrypto?.subtle;
  if (subtle !== undefined) return subtle;
  throw new LedgerError("UNSUPPORTED", "signatures need WebCrypto, which browsers have only on pages from https");
}

/** Makes a pair of keys. Throws `UNSUPPORTED` if the platform does not know the algorithm. */
export async function makeKeys(algorithm: SigningAlgorithm): Promise<CryptoKeyPair> {
  const keys = subtleCrypto().generateKey(PARAMETERS[algorithm], true, ["sign", "verify"]);
  return (await unlessUnknown(algorithm, keys as Promise<CryptoKeyPair>)) as CryptoKeyPair;
}

/** Makes a key that WebCrypto can use of a JSON Web Key. Rejects as WebCrypto does for one that is wrong. */
export async function importKey(
  algorithm: SigningAlgorithm,
  { kty, crv, x, y, d }: PublicKey & { readonly d?: string | undefined },
): Promise<CryptoKey> {
  const jwk = { kty, crv, x, ...(y !== undefined && { y }), ...(d !== undefined && { d }), ext: true };
  const usage = d === undefined ? "verify" : "sign";
  return await unlessUnknown(
    algorithm,
    subtleCrypto().importKey("jwk", jwk, PARAMETERS[algorithm], true, [usage]) as Promise<CryptoKey>,
  );
}

/** Returns the signature of bytes. Those of ES256 are in DER. */
export async function signWith(algorithm: SigningAlgorithm, key: CryptoKey, bytes: Uint8Array): Promise<Uint8Array> {
  const made = await subtleCrypto().sign(PARAMETERS[algorithm], key, bytes as Uint8Array<ArrayBuffer>);
  return algorithm === "ES256" ? toDer(new Uint8Array(made)) : new Uint8Array(made);
}

/** Returns whether a signature is one of these bytes by this key. */
export async function verifyWith(
  algorithm: SigningAlgorithm,
  key: CryptoKey,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const raw = algorithm === "ES256" ? fromDer(signature) : signature;
  if (raw === undefined) return false;
  const [given, signed] = [raw as Uint8Array<ArrayBuffer>, bytes as Uint8Array<ArrayBuffer>];
  return await subtleCrypto().verify(PARAMETERS[algorithm], key, given, signed);
}

async function unlessUnknown<T>(algorithm: SigningAlgorithm, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if ((cause as { readonly name?: unknown } | null)?.name !== "NotSupportedError") throw cause;
    const message = `this platform does not know the algorithm ${algorithm}`;
    throw new LedgerError("UNSUPPORTED", message, { field: "algorithm", cause });
  }
}
