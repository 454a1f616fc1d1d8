import type { AnyLedger } from "../../files/index.ts";
import type { Series } from "../../index.ts";

/**
 * The members of a `Ledger` that `openSql` uses. It is an interface because TypeScript treats the class `Ledger` of a
 * CommonJS file and that of an ES module as two classes.
 */
export interface SqlSource extends AnyLedger {
  /** Reads the points of a run that are still in its journals. */
  histories(
    runId: string,
    keys: undefined,
    options: {
      /** Leaves out damaged points. */
      readonly damaged: "skip";
      /** Stops the reading. */
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<ReadonlyMap<string, Series>>;
  /** Reads every run, which repairs the catalogue. */
  iterateRuns(query: {
    /** Deleted runs, too. */
    readonly view: "all";
  }): AsyncIterable<unknown>;
}
