import { type OptionNames, readOptions } from "../arguments/options.ts";
import type { Backend } from "../backend/backend.ts";
import type { CatalogContext } from "../catalog/catalog-context.ts";
import { invalidArgument } from "../errors/ledger-error.ts";
import { gate } from "../platform/bounded.ts";
import type { PublicKey } from "../seal/algorithm.ts";
import { TrustedKeys } from "../seal/trusted-keys.ts";
import { CheckedBlobs } from "./checked-blobs.ts";
import { Findings, type SealReport } from "./findings.ts";
import type { Verification, VerificationProgress } from "./verification.ts";
import { verifyLedger } from "./verify-ledger.ts";
import { LARGE_AT_ONCE, type VerifyContext } from "./verify-objects.ts";
import { verifyRun } from "./verify-run.ts";

/** Options of `ledger.verify`. */
export interface VerifyOptions {
  /**
   * Which objects are read and hashed. `true`: all. `false`: none; then only sizes are compared. `"5%"`: each with this
   * probability, so that many calls read all in the end. Default `true`.
   */
  readonly readData?: boolean | `${number}%` | undefined;
  /**
   * The public keys whose signatures count, as `publicKey` of `runledger/seal` returns them. Several may have one id.
   * Default: none.
   */
  readonly keys?: readonly PublicKey[] | undefined;
  /** Called after each object. */
  readonly onProgress?: ((progress: VerificationProgress) => void) | undefined;
  /** Aborting it rejects the call. */
  readonly signal?: AbortSignal | undefined;
}

const VERIFY_OPTIONS: OptionNames<VerifyOptions> = { readData: true, keys: true, onProgress: true, signal: true };

/** Verifies the run `id`, or the whole ledger. */
export async function verify(
  backend: Backend,
  catalog: CatalogContext,
  id: string | undefined,
  given: VerifyOptions | undefined,
): Promise<Verification> {
  const { readData = true, keys: trusted, onProgress, signal } = readOptions("verify", given, VERIFY_OPTIONS);
  if (onProgress !== undefined && typeof onProgress !== "function")
    throw invalidArgument("onProgress", "a function", onProgress);
  const share = shareOf(readData);
  const keys = await TrustedKeys.read(trusted);
  const findings = new Findings(onProgress);
  const readsData = (): boolean => share === 1 || Math.random() < share;
  const blobs = new CheckedBlobs();
  const context: VerifyContext = { backend, findings, keys, blobs, readsData, largeGate: gate(LARGE_AT_ONCE), signal };
  const addRun = (report: SealReport | undefined): void => findings.addRun(report);
  if (id === undefined) await verifyLedger(context, catalog, addRun);
  else addRun(await verifyRun(context, id, true));
  signal?.throwIfAborted();
  return findings.result();
}

/** Returns the share of the objects that are read, from 0 to 1. */
function shareOf(readData: unknown): number {
  if (typeof readData === "boolean") return readData ? 1 : 0;
  const [, number] = /^(\d{1,3}(?:\.\d{1,6})?)%$/.exec(typeof readData === "string" ? readData : "") ?? [];
  if (number === undefined || Number(number) > 100)
    throw invalidArgument("readData", 'true, false or a share such as "5%"', readData);
  return Number(number) / 100;
}
