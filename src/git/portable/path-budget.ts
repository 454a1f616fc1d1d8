import { LedgerError } from "../../errors/ledger-error.ts";
import { MAX_PATHS_BYTES, MAX_PATH_BYTES } from "../limits.ts";

/** Limits the paths of an index or of a commit: a small file can expand to a large number of long paths. */
export class PathBudget {
  #left: number = MAX_PATHS_BYTES;

  /** Throws `TOO_LARGE` if a path of this length is too long, or if all paths together are. */
  spend(length: number): void {
    if (length > MAX_PATH_BYTES) throw tooLarge(`a path has more than ${MAX_PATH_BYTES} bytes`);
    this.#left -= length;
    if (this.#left < 0) throw tooLarge(`the paths have more than ${MAX_PATHS_BYTES} bytes`);
  }
}

function tooLarge(message: string): LedgerError {
  return new LedgerError("TOO_LARGE", message, { operation: "captureGit" });
}
