import type { ArtifactSource } from "../artifacts/source.ts";
import type { StoredTable } from "../artifacts/stored-table.ts";
import type { ArtifactVersion } from "../artifacts/version.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import { invalidArgument, LedgerError, reading } from "../errors/ledger-error.ts";
import type { DatasetEvent } from "../journal/event.ts";
import {
  type DatasetColumn,
  type DatasetFacts,
  MAX_DATASET_COLUMNS,
  type RecordedDataset,
} from "../journal/recorded-dataset.ts";
import { isPlainObject } from "../platform/any-realm.ts";
import { holdsSecret } from "../provenance/redaction/uri.ts";
import type { TensorLike } from "../provenance/datasets/tensor.ts";
import { checkName } from "./check-text.ts";

/** Which data set a run uses, if the data itself is not given. */
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

/** A table: rows as objects; columns by name; the names of columns and rows of cells; or what `readTable` returned. */
type DatasetTable =
  | StoredTable
  | readonly object[]
  | { readonly [column: string]: readonly unknown[] | ArrayBufferView | TensorLike }
  | {
      /** The names of the columns. */
      readonly columns: readonly string[];
      /** The rows. Each has one cell for each column. */
      readonly rows: readonly (readonly unknown[])[];
    };

/**
 * A data set: a reference, a version of an artifact, any source of an artifact, a table, a tensor of TensorFlow.js or
 * columns of tensors, or a stream of rows, or of lists of rows, as objects.
 *
 * An object with the one member `json`, `{ text: string }` and `{ files: object }` are sources of an artifact. Give a
 * table with the one column `json` as rows, or as `{ columns: ["json"], rows }`.
 */
export type DatasetSource =
  | DatasetReference
  | ArtifactVersion
  | ArtifactSource
  | DatasetTable
  | TensorLike
  | AsyncIterable<object>
  | ReadableStream<object>;

/** Options of `logDataset`. */
export interface LogDatasetOptions {
  /** What the run uses it for: `train`, `eval`, … */
  readonly context?: string | undefined;
  /** Where the data is. See `uri` of {@link DatasetReference}. */
  readonly uri?: string | undefined;
  /**
   * Whether to store the content as a version of the artifact of this name, of type `dataset`. A table becomes Parquet,
   * and a tensor of several dimensions a NumPy file. Default false: only what is known of the data is recorded.
   */
  readonly store?: boolean | undefined;
  /**
   * The columns and their types: `number`, `integer`, `bigint`, `string`, `boolean`, `date`, `bytes`, `list`, `object`,
   * `mixed` or `null`. A table is compared with it. Of other data it is recorded as it is, with types of your own; only
   * that of `{ json }`, which looks like a table, must have these types.
   */
  readonly schema?: readonly DatasetColumn[] | undefined;
  /** Aborting it rejects the call. */
  readonly signal?: AbortSignal | undefined;
}

/** What was recorded of a data set. */
export type LoggedDataset = Omit<RecordedDataset, "time">;

const MAX_URI_LENGTH = 4096;
const MAX_TYPE_LENGTH = 100;
/** At least the most columns of a table. */
const MAX_SCHEMA = 65_536;

/** All names of {@link LogDatasetOptions}. */
const DATASET_OPTIONS: OptionNames<LogDatasetOptions> = {
  context: true,
  uri: true,
  store: true,
  schema: true,
  signal: true,
};

/** The options of a call, checked. */
export interface CheckedDatasetOptions {
  /** What the event says, whatever the source is. */
  readonly event: Pick<DatasetEvent, "kind" | "name" | "context" | "uri">;
  readonly schema: readonly DatasetColumn[] | undefined;
  /** Whether the schema must have the types of a table although it is not compared with one. */
  readonly hasTableTypes?: boolean | undefined;
  readonly store: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Returns the checked name and options. Throws `INVALID_ARGUMENT`, which names the field. */
export function checkDatasetOptions(name: string, options: LogDatasetOptions | undefined): CheckedDatasetOptions {
  const { context, uri, store = false, schema, signal } = readOptions("logDataset", options, DATASET_OPTIONS);
  if (typeof store !== "boolean") throw invalidArgument("store", "true or false", store);
  return {
    event: {
      kind: "dataset",
      name: checkName(name, "name"),
      ...(context !== undefined && { context: checkName(context, "context") }),
      ...(uri !== undefined && { uri: checkUri(uri) }),
    },
    schema: schema === undefined ? undefined : reading("schema", () => checkSchema(schema)),
    store,
    signal,
  };
}

/** Returns the checked address. Throws `INVALID_ARGUMENT`, also if it seems to hold a secret. */
export function checkUri(uri: unknown): string {
  const own = checkName(uri, "uri", MAX_URI_LENGTH);
  if (!holdsSecret(own)) return own;
  throw new LedgerError(
    "INVALID_ARGUMENT",
    "uri seems to hold a password, a token or a signature, and the record would keep it: leave it out",
    { field: "uri", received: "string" },
  );
}

function checkSchema(schema: readonly DatasetColumn[]): DatasetColumn[] {
  if (!Array.isArray(schema)) throw invalidArgument("schema", "an array of { name, type }", schema);
  if (schema.length > MAX_SCHEMA) {
    const message = `schema has ${schema.length} columns, more than ${MAX_SCHEMA}`;
    throw new LedgerError("TOO_LARGE", message, { field: "schema" });
  }
  const seen = new Set<string>();
  return Array.from(schema as unknown[], (column, i) => {
    const field = `schema[${i}]`;
    if (typeof column !== "object" || column === null) throw invalidArgument(field, "an object { name, type }", column);
    const { name, type } = column as DatasetColumn;
    const own = { name: checkName(name, `${field}.name`), type: checkName(type, `${field}.type`, MAX_TYPE_LENGTH) };
    if (seen.size === seen.add(own.name).size)
      throw new LedgerError("INVALID_ARGUMENT", `${field}.name is there twice`, { field: `${field}.name` });
    return own;
  });
}

/** The members of a reference. In a table they are columns. */
const REFERENCE: OptionNames<DatasetReference> = { digest: true, uri: true, size: true };

/** Returns whether a source only refers to data: one of its members is plain, or all are, as no column is. */
export function isReference(source: unknown): source is DatasetReference {
  const plain = reading("source", () =>
    Object.entries(isPlainObject(source) ? source : {}).map(
      ([name, value]) => [name, value === null || !["object", "function"].includes(typeof value)] as const,
    ),
  );
  const [first, ...more] = plain;
  if (first === undefined) return false;
  const isContent = more.length === 0 && (first[0] === "text" || first[0] === "json");
  return (
    plain.some(([name, isPlain]) => isPlain && Object.hasOwn(REFERENCE, name)) ||
    (plain.every(([, isPlain]) => isPlain) && !isContent)
  );
}

/** Returns whether a source is a version of an artifact. */
export function isVersion(source: DatasetReference): source is ArtifactVersion {
  const { name, version, manifest } = source as Partial<ArtifactVersion>;
  return typeof name === "string" && typeof version === "string" && typeof manifest === "object";
}

/** Returns the event that records a reference. Throws `INVALID_ARGUMENT`, which names the field. */
export function referenceEvent(
  source: DatasetReference,
  { event, schema, store }: CheckedDatasetOptions,
): DatasetEvent {
  if (reading("source", () => Object.hasOwn(source, "context"))) {
    const message = "source has no member context, which is an option: logDataset(name, { digest }, { context })";
    throw new LedgerError("UNSUPPORTED", message, { field: "context" });
  }
  if (store) {
    const message = "store needs the data: a reference has none";
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "store", received: "boolean" });
  }
  const { digest, uri, size } = readOptions("logDataset", source, REFERENCE, "source");
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0))
    throw invalidArgument("size", "a number of bytes", size);
  return {
    ...event,
    digest: checkName(digest, "digest"),
    ...(uri !== undefined && event.uri === undefined && { uri: checkUri(uri) }),
    ...(size !== undefined && { size }),
    ...declaredColumns(schema),
  };
}

/** Returns what is recorded of a schema that nobody compares with the data. */
export function declaredColumns(
  schema: readonly DatasetColumn[] | undefined,
): Pick<DatasetFacts, "schema" | "columns"> {
  if (schema === undefined) return {};
  return {
    schema: schema.slice(0, MAX_DATASET_COLUMNS),
    ...(schema.length > MAX_DATASET_COLUMNS && { columns: schema.length }),
  };
}
