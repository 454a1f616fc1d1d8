import { onDemand } from "../platform/on-demand.ts";
import type { Ledger } from "./ledger.ts";
import type { RunQuery } from "./run-query.ts";

const copying = /* @__PURE__ */ onDemand(() => import("./copying.ts"));

/**
 * Copies the runs of `from` that match into `to`, on any backends, with their artifacts and everything that they refer
 * to. Ids, times and digests stay. What `to` has already, with the same size, is not copied again: so a copy that was
 * killed is completed by the next one, what is missing in `to` is copied again, and runs that go on are brought up to date.
 * What is copied is compared with its digest on the way. Searches of `to` show a new run only when all of it is there.
 *
 * `conflicts` names each run that was not copied, and why: it is damaged, `to` has another run with its id or another
 * version with the number of one of its versions, or the run went on in both ledgers. The others are copied. Rejects with
 * `INVALID_ARGUMENT`, with `UNSUPPORTED` if `to` can only be read, or as the backends do.
 */
export async function copyRuns(
  from: Ledger,
  to: Ledger,
  query?: Pick<RunQuery, "experiment" | "filter" | "view" | "signal"> & {
    /**
     * Whether what the runs refer to is copied with them: the runs that they were forked from or are children of, and the
     * versions of artifacts that they used. Default `true`.
     */
    readonly dependencies?: boolean | undefined;
    /**
     * Whether the bytes that `to` has already are read and compared with their digests, too, and replaced if they are
     * damaged: blobs, and the objects of closed runs. Default `false`: their sizes are compared.
     */
    readonly verify?: boolean | undefined;
    /** Called after each run. */
    readonly onProgress?:
      | ((progress: {
          /** How many runs were looked at: copied, skipped or refused. */
          readonly runs: number;
          /** The bytes that were stored. */
          readonly bytes: number;
        }) => void)
      | undefined;
  },
): Promise<{
  /** The ids of the runs of which something was copied. */
  readonly copied: string[];
  /** The ids of the runs of which the target had everything: each object with its size, or with its bytes if `verify`. */
  readonly skipped: string[];
  /** The runs that were not copied, and the aliases that mean another version in the target. */
  readonly conflicts: {
    /** The id of the run, or `name:alias`. */
    readonly id: string;
    /** Why. */
    readonly message: string;
  }[];
  /** The bytes that were stored in the target. */
  readonly bytes: number;
}> {
  return await (await copying()).copySelected(from, to, query);
}
