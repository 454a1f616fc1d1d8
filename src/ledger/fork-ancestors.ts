import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { concernsOneObject, LedgerError } from "../errors/ledger-error.ts";
import type { ForkOrigin } from "../journal/fork-origin.ts";
import { readRunBeginning } from "../journal/read-run-beginning.ts";

/** A run that another run was forked from, directly or not. */
export interface ForkAncestor {
  readonly run: string;
  /** The last step that counts. */
  readonly to: number;
}

/** The runs that a run was forked from. */
export interface ForkAncestors {
  /** The nearest first. */
  readonly ancestors: readonly ForkAncestor[];
  /** Why there are not more of them. */
  readonly trouble: LedgerError | undefined;
}

/** The longest chain of forks that is followed. */
export const MAX_FORKS = 100;

/** Returns the runs that a run was forked from. A chain that is broken, circular or too long ends early. */
export async function readAncestors(
  backend: Backend,
  id: string,
  origin: ForkOrigin,
  signal: AbortSignal | undefined,
): Promise<ForkAncestors> {
  const ancestors: ForkAncestor[] = [];
  const seen = new Set([id]);
  let next: ForkOrigin | undefined = origin;
  let to = Infinity;
  while (next !== undefined) {
    const { run, step }: ForkOrigin = next;
    if (seen.has(run)) return { ancestors, trouble: wrongChain(id, `run ${run} is a fork of itself`) };
    if (ancestors.length === MAX_FORKS)
      return { ancestors, trouble: wrongChain(id, `there are more than ${MAX_FORKS} forks in a row`) };
    seen.add(run);
    to = Math.min(to, step);
    ancestors.push({ run, to });
    try {
      next = (await readRunBeginning(backend, run, callOptions(signal))).forkOf;
    } catch (error) {
      if (!concernsOneObject(error)) throw error;
      // Its own points may be readable all the same.
      return { ancestors, trouble: inheritedLost(id, run, error) };
    }
  }
  return { ancestors, trouble: undefined };
}

function wrongChain(id: string, why: string): LedgerError {
  return new LedgerError("CORRUPT", `points that run ${id} inherits are left out: ${why}`);
}

/** Returns the error for a run that cannot be read, from which another one inherits points. */
export function inheritedLost(id: string, run: string, cause: LedgerError): LedgerError {
  const isGone = cause.code === "NOT_FOUND" || cause.code === "RUN_NOT_FOUND";
  const why = isGone ? `run ${run} is missing` : `run ${run} cannot be read: ${cause.message}`;
  return new LedgerError(
    cause.code === "FORMAT_TOO_NEW" ? cause.code : "CORRUPT",
    `points that run ${id} inherits are left out: ${why}`,
    {
      ...(cause.key !== undefined && { key: cause.key }),
      cause,
    },
  );
}
