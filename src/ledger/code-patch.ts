import { readBlob } from "../artifacts/read-blob.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import { checkChoice } from "../arguments/choice.ts";
import type { Backend, CallOptions } from "../backend/backend.ts";
import { parseDigest } from "../bytes/digest.ts";
import { utf8Decoder } from "../bytes/utf8.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { readRun } from "./read-run.ts";

/** Options of `ledger.codePatch`. */
interface CodePatchOptions<As> extends CallOptions {
  /**
   * `"text"` (default), or `"bytes"`: exactly what `git apply` takes, also if lines of the changed files are not UTF-8.
   */
  readonly as?: As | undefined;
}

const NAMES: OptionNames<CodePatchOptions<unknown>> = { as: true, signal: true };
const MAX_PATCH = 64 * 1024 * 1024;

/** The patch in the form that the caller chose. */
type CodePatch<As> = (As extends "bytes" ? Uint8Array : string) | undefined;

/** Returns the patch of a run's code, checked against its digest, or `undefined` if the run recorded none. */
export async function readCodePatch<As>(
  backend: Backend,
  id: string,
  options: CodePatchOptions<As> | undefined,
): Promise<CodePatch<As>> {
  const { as = "text", signal } = readOptions<CodePatchOptions<unknown>>("codePatch", options, NAMES);
  checkChoice("as", as, ["text", "bytes"]);
  const { patch } = (await readRun(backend, id, signal)).code ?? {};
  if (patch === undefined) return undefined;
  const hex = parseDigest(patch.digest);
  if (hex === undefined) throw new LedgerError("CORRUPT", `the record of run ${id} has a wrong digest of its patch`);
  const bytes = await readBlob(backend, hex, { size: patch.size, most: MAX_PATCH }, signal);
  return (as === "bytes" ? bytes : utf8Decoder().decode(bytes)) as CodePatch<As>;
}
