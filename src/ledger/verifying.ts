import type { Verification } from "../care/verification.ts";
import { verify, type VerifyOptions } from "../care/verify.ts";
import { catalogOf } from "../catalog/catalog-context.ts";
import { invalidArgument } from "../errors/ledger-error.ts";
import { runNotFound } from "../journal/run-created.ts";
import { ID_PATTERN } from "../journal/run-id.ts";
import type { RunContext } from "../run/run-context.ts";

/** Verifies the run `id`, or the whole ledger. */
export async function verifyStored(
  context: RunContext,
  id: string | undefined,
  options: VerifyOptions | undefined,
): Promise<Verification> {
  if (id !== undefined && typeof id !== "string") throw invalidArgument("id", "the id of a run", id);
  if (id !== undefined && !ID_PATTERN.test(id)) throw runNotFound(id);
  return await verify(context.backend, catalogOf(context), id, options);
}
