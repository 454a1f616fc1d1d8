import type { Verification } from "../care/verification.ts";
import type { VerifyOptions } from "../care/verify.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { RunContext } from "../run/run-context.ts";

const verifying = /* @__PURE__ */ onDemand(() => import("./verifying.ts"));

/** The calls of a ledger that take care of what is stored. */
export class LedgerCare {
  readonly #context: RunContext;
  /** @internal Use `openLedger`. */
  constructor(context: RunContext) {
    this.#context = context;
  }

  /**
   * Reads a run again with everything that belongs to it, or without `id` the whole ledger, and compares sizes and
   * SHA-256 with what was recorded. Each problem says what is intact and what to do. A bad store never makes it reject:
   * what cannot be read is a problem, too. Memory does not grow with the size of the objects. What several runs share
   * is read once. A run that others write at the same time is verified up to what it has recorded. Rejects with
   * `RUN_NOT_FOUND` and `INVALID_ARGUMENT`.
   */
  async verify(id?: string, options?: VerifyOptions): Promise<Verification> {
    return await (await verifying()).verifyStored(this.#context, id, options);
  }
}
