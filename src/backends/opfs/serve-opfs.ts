import { LedgerError } from "../../errors/ledger-error.ts";
import { serve } from "./serve-worker.ts";

/**
 * Makes a dedicated worker write for the page that started it. Call it in a file of your own, and pass a worker of that
 * file to `opfsBackend({ worker })`. Throws `UNSUPPORTED` elsewhere.
 */
export function serveOpfs(): void {
  if (!("DedicatedWorkerGlobalScope" in globalThis))
    throw new LedgerError("UNSUPPORTED", "serveOpfs() must be called in a dedicated worker", {
      operation: "serveOpfs",
    });
  serve();
}
