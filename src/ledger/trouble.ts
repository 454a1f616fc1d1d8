import type { LedgerError } from "../errors/ledger-error.ts";
import { warn } from "../platform/warn.ts";

/** Where trouble goes that no call can reject with. Without `onError` each kind of it is warned of once. */
export function troubleListener(onError: ((error: LedgerError) => void) | undefined): (error: LedgerError) => void {
  const warned = new Set<string>();
  return (error) => {
    try {
      if (onError) return void onError(error);
      if (warned.has(error.code)) return;
      warned.add(error.code);
      warn(
        `${error.message} (${error.code}). This kind of trouble is warned of once; pass onError to openLedger to hear of all`,
      );
    } catch {
      // What fails here must not disturb what it was told about.
    }
  };
}
