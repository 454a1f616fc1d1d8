import { readBlob } from "../artifacts/read-blob.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import { checkChoice } from "../arguments/choice.ts";
import type { Backend, CallOptions } from "../backend/backend.ts";
import { parseDigest } from "../bytes/digest.ts";
import { utf8Decoder } from "../bytes/utf8.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { readRun } from "./read-run.ts";

/** Options of `ledger.codePatch`. */
interface CodePatchOptions extends CallOptions {
  /**
   * `"text"` (default), or `"bytes"`: exactly what `git apply` takes, also if lines of the changed files are not UTF-8.
   */
  readonly as?: "text" | "bytes" | undefined;
}

const NAMES: OptionNames<CodePatchOptions> = { as: true, signal: true };
const MAX_PATCH = 64 * 1024 * 1024;

/** Returns the patch of a run's code, checked against its digest, or `undefined` if the run recorded none. */
export async function readCodePatch(
  backend: Backend,
  id: string,
  options: CodePatchOptions | undefined,
): Promise<string | Uint8Array | undefined> {
  const { as = "text", signal } = readOptions("codePatch", options, NAMES);
  checkChoice("as", as, ["text", "bytes"]);
  const { patch } = (await readRun(backend, id, signal)).code ?? {};
  if (patch === undefined) return undefined;
  const hex = parseDigest(patch.digest);
  if (hex === undefined) throw new LedgerError("CORRUPT", `the record of run ${id} has a wrong digest of its patch`);
  const bytes = await readBlob(backend, hex, { size: patch.size, most: MAX_PATCH }, signal);
  return as === "bytes" ? bytes : utf8Decoder().decode(bytes);
}
