export type { PrivateKey, PublicKey, SigningAlgorithm } from "./algorithm.ts";
export type { Seal, SealOptions } from "./seal.ts";
export {
  generateSigner,
  type GenerateSignerOptions,
  importSigner,
  privateKey,
  publicKey,
  type Signer,
} from "./signer.ts";
