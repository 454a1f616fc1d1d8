import type { ArtifactSource } from "../artifacts/source.ts";
import { callOptions } from "../backend/call-options.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { isDatasetData, knownDataset } from "../journal/is-recorded-dataset.ts";
import { isDictionary } from "../journal/record-checks.ts";
import type { DatasetFacts } from "../journal/recorded-dataset.ts";
import { isArrayBuffer, isBlob, isPlainObject } from "../platform/any-realm.ts";
import { checkTypes } from "../provenance/datasets/declared-schema.ts";
import { hashStream, hashTable } from "../provenance/datasets/hash-table.ts";
import { TableDigest, type TableFacts } from "../provenance/datasets/table-digest.ts";
import { isTensor } from "../provenance/datasets/tensor.ts";
import type { ArtifactLog } from "./log-artifacts.ts";
import {
  type CheckedDatasetOptions,
  checkUri,
  type DatasetSource,
  declaredColumns,
  isReference,
  isVersion,
} from "./log-dataset.ts";
import { OpenedStream } from "./opened-stream.ts";
import type { RunContext } from "./run-context.ts";
import { columnsOf, isReadTable } from "./read-table-source.ts";
import { prepareDatasetTable } from "./prepare-dataset-table.ts";

type Described = { readonly digest: string; readonly uri?: string } & DatasetFacts;

/** Returns what a record says of a data set: digest, size, rows, columns. Stores the content if the options say so. */
export async function describeDataset(
  context: RunContext,
  artifacts: ArtifactLog,
  given: Exclude<DatasetSource, string>,
  options: CheckedDatasetOptions,
): Promise<Described> {
  const { signal, schema } = options;
  const source = isReadTable(given) ? columnsOf(given) : given;
  if (isReference(source) && isVersion(source)) {
    const { version, dataset } = await artifacts.useDataset(source, callOptions(signal));
    const { size, digest } = version;
    return {
      digest,
      ...storedFacts(dataset),
      size,
      artifact: `${version.name}:${version.version}`,
      ...declaredColumns(schema),
    };
  }
  if (isContent(source)) return await describeContent(context, artifacts, source, options);
  if (isStream(source)) {
    const stream = await OpenedStream.open(source, signal);
    return stream.isOfBytes
      ? await describeContent(context, artifacts, stream.all() as AsyncIterable<Uint8Array>, options)
      : await describeRows(stream, options);
  }
  if (!Array.isArray(source) && !isTensor(source) && !(isPlainObject(source) && Object.keys(source).length > 0)) {
    // Its message says what can be logged.
    return await describeContent(context, artifacts, source as ArtifactSource, options);
  }
  // What cannot be stored is refused before it is hashed.
  const encode = options.store ? await prepareDatasetTable(source, signal) : undefined;
  const facts = await factsOf(options, (table) => hashTable(table, source));
  if (encode === undefined) return facts;
  const version = await store(artifacts, await encode(), options, facts);
  return { ...facts, size: version.size, artifact: `${version.name}:${version.version}` };
}

/** Returns what a version says of the table that it holds, or nothing. Anybody may have written it. */
function storedFacts(dataset: unknown): Partial<TableFacts> {
  if (!isDictionary(dataset) || !isDatasetData({ ...dataset, name: "" })) return {};
  const { digest, rows, columns, schema, profile } = knownDataset({
    ...(dataset as unknown as TableFacts),
    kind: "dataset",
    name: "",
  });
  return {
    digest,
    ...(rows !== undefined && { rows }),
    ...(columns !== undefined && { columns }),
    ...(schema !== undefined && { schema }),
    ...(profile !== undefined && { profile }),
  };
}

/** Returns whether a source is one of an artifact that can be told from tables without reading it. */
function isContent(source: object): source is ArtifactSource {
  if (ArrayBuffer.isView(source) || isArrayBuffer(source) || isBlob(source)) return true;
  if ((source as { kind?: unknown }).kind === "runledger.files") return true;
  if (!isPlainObject(source)) return false;
  const [member, ...more] = Object.keys(source);
  if (member === undefined || more.length > 0) return false;
  const value = (source as Record<string, unknown>)[member];
  if (member === "text") return typeof value === "string";
  return member === "json" || (member === "files" && isPlainObject(value));
}

const isStream = (source: object): source is AsyncIterable<object> | ReadableStream<object> =>
  "getReader" in source || Symbol.asyncIterator in source;

async function describeContent(
  { artifacts }: RunContext,
  log: ArtifactLog,
  source: ArtifactSource,
  options: CheckedDatasetOptions,
): Promise<Described> {
  const { schema } = options;
  if (schema && options.hasTableTypes) checkTypes(schema);
  const declared = { ...addressOf(source, options.event), ...declaredColumns(schema) };
  if (options.store) {
    const { digest, size, name, version } = await store(log, source, options);
    return { digest, size, artifact: `${name}:${version}`, ...declared };
  }
  return { ...(await (await artifacts()).digest(source, callOptions(options.signal))), ...declared };
}

/** Returns where a file or directory is, unless the options say it, or a record may not have it. */
function addressOf(source: ArtifactSource, { uri }: CheckedDatasetOptions["event"]): { readonly uri?: string } {
  const given = uri === undefined && "path" in source ? source.path : undefined;
  if (given === undefined) return {};
  try {
    return { uri: checkUri(given) };
  } catch {
    return {};
  }
}

async function describeRows(stream: OpenedStream, options: CheckedDatasetOptions): Promise<Described> {
  if (options.store) {
    stream.close();
    const message = "store cannot store a stream of rows: log the file that they come from, or give the rows as a list";
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "store", received: "boolean" });
  }
  return await factsOf(options, (table) => hashStream(table, stream.all()));
}

async function factsOf(
  { schema, signal }: CheckedDatasetOptions,
  hash: (table: TableDigest) => Promise<void>,
): Promise<TableFacts> {
  const table = new TableDigest(await loadSha256(), signal);
  await hash(table);
  return await table.facts(schema);
}

async function store(
  log: ArtifactLog,
  source: ArtifactSource,
  { event, signal }: CheckedDatasetOptions,
  dataset?: TableFacts,
): ReturnType<ArtifactLog["store"]> {
  return await log.store(event.name, source, { type: "dataset", dataset, ...callOptions(signal) });
}
