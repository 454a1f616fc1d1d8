import type { Backend } from "./backend.ts";

/** The key under which an open `Ledger` has its backend. All copies of the library share it. */
export const LEDGER_BACKEND: unique symbol = Symbol.for("runledger.LedgerBackend");

/** Returns the backend of an open `Ledger`, or `undefined` for anything else. Throws what a proxy throws. */
export function backendOfLedger(value: unknown): Backend | undefined {
  return (value as { readonly [LEDGER_BACKEND]?: Backend } | null | undefined)?.[LEDGER_BACKEND];
}
