import type { Backend } from "../../src/backend/backend.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";

/** The work of `OtherProcess.create` in the other process. */
export function createEach(
  backend: Backend,
  keys: readonly string[],
  bytes: Uint8Array,
): Promise<(string | undefined)[]> {
  return Promise.all(
    keys.map((key) =>
      backend.create(key, bytes).then(
        () => undefined,
        (error: unknown) => (LedgerError.is(error) ? error.code : String(error)),
      ),
    ),
  );
}
