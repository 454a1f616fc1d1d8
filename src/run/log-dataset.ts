import { readOptions } from "../arguments/options.ts";
import { LedgerError, invalidArgument, reading } from "../errors/ledger-error.ts";
import type { DatasetEvent } from "../journal/event.ts";
import { holdsSecret } from "../provenance/redaction/uri.ts";
import { checkName } from "./check-text.ts";

/** Which data set a run uses. */
export interface DatasetReference {
  /** The digest of the content, by any algorithm: `sha256:…`, an ETag, a commit. At most 250 characters. */
  readonly digest: string;
  /**
   * Where the data is. At most 4,096 characters. It must hold no password, token or signature, because the run keeps
   * it: `INVALID_ARGUMENT`.
   */
  readonly uri?: string | undefined;
  /** The size of the data in bytes. */
  readonly size?: number | undefined;
}

/** Options of `logDataset`. */
export interface LogDatasetOptions {
  /** What the run uses it for: `train`, `eval`, … */
  readonly context?: string | undefined;
}

const MAX_URI_LENGTH = 4096;

/** Returns the event that records a data set. Throws `INVALID_ARGUMENT`, which names the field. */
export function checkDataset(name: string, dataset: DatasetReference, options?: LogDatasetOptions): DatasetEvent {
  if (typeof dataset !== "object" || dataset === null)
    throw invalidArgument("dataset", "an object with a digest", dataset);
  if (reading("dataset", () => Object.hasOwn(dataset, "context"))) {
    const message = "dataset has no member context, which is an option: logDataset(name, { digest }, { context })";
    throw new LedgerError("UNSUPPORTED", message, { field: "context" });
  }
  const { digest, uri, size } = readOptions("logDataset", dataset, { digest: true, uri: true, size: true }, "dataset");
  const { context } = readOptions("logDataset", options, { context: true });
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0))
    throw invalidArgument("size", "a number of bytes", size);
  const event: DatasetEvent = {
    kind: "dataset",
    name: checkName(name, "name"),
    digest: checkName(digest, "digest"),
    ...(uri !== undefined && { uri: checkName(uri, "uri", MAX_URI_LENGTH) }),
    ...(size !== undefined && { size }),
    ...(context !== undefined && { context: checkName(context, "context") }),
  };
  if (uri !== undefined && holdsSecret(uri)) {
    throw new LedgerError(
      "INVALID_ARGUMENT",
      "uri seems to hold a password, a token or a signature, and the record would keep it: leave it out",
      { field: "uri", received: "string" },
    );
  }
  return event;
}
