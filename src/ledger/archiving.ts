import { checkChoice } from "../arguments/choice.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import type { CallOptions } from "../backend/backend.ts";
import { streamIterator } from "../bytes/stream-iterator.ts";
import { CheckedBlobs } from "../care/checked-blobs.ts";
import { invalidArgument } from "../errors/ledger-error.ts";
import { isBlob, isBytes } from "../platform/any-realm.ts";
import type { RunContext } from "../run/run-context.ts";
import { ArchiveReader } from "../transfer/archive-reader.ts";
import { exportZip } from "../transfer/export-zip.ts";
import { importZip } from "../transfer/import-zip.ts";
import { checkRunId } from "./read-run.ts";

/** Options of `ledger.exportRun`. */
export interface ExportRunOptions extends CallOptions {
  readonly format: "zip";
}

/** Options of `ledger.importRun`. */
export interface ImportRunOptions extends CallOptions {
  readonly onConflict?: "error" | "skip" | undefined;
  readonly onProgress?: ((progress: { readonly bytes: number }) => void) | undefined;
}

const EXPORT: OptionNames<ExportRunOptions> = { format: true, signal: true };
const IMPORT: OptionNames<ImportRunOptions> = { onConflict: true, onProgress: true, signal: true };

/** Returns a run as a stream of bytes. */
export async function exportRun(
  { backend }: RunContext,
  id: string,
  options: ExportRunOptions,
): Promise<ReadableStream<Uint8Array>> {
  const { format, signal } = readOptions("exportRun", options, EXPORT);
  checkChoice("format", format, ["zip"]);
  checkRunId(id);
  signal?.throwIfAborted();
  return streamOf(await exportZip(backend, id, signal));
}

/** Imports the archive of a run. Returns the id of the run. */
export async function importRun(
  { backend, ids }: RunContext,
  source: Blob | Uint8Array | ReadableStream<Uint8Array>,
  options: ImportRunOptions | undefined,
): Promise<string> {
  const { onConflict = "error", onProgress, signal } = readOptions("importRun", options, IMPORT);
  checkChoice("onConflict", onConflict, ["error", "skip"]);
  if (onProgress !== undefined && typeof onProgress !== "function")
    throw invalidArgument("onProgress", "a function", onProgress);
  signal?.throwIfAborted();
  const reader = new ArchiveReader(chunksOf(source), signal);
  const context = { target: backend, newId: () => ids("blob"), stored: () => {}, there: new CheckedBlobs(), signal };
  try {
    return await importZip(context, reader, onConflict, (bytes) => onProgress?.({ bytes }));
  } finally {
    reader.close();
  }
}

function chunksOf(source: unknown): AsyncIterator<Uint8Array> {
  if (isBytes(source))
    return (async function* () {
      yield source;
    })();
  if (isBlob(source)) return streamIterator(source.stream());
  if (typeof (source as Partial<ReadableStream> | null)?.getReader === "function")
    return streamIterator(source as ReadableStream<Uint8Array>);
  throw invalidArgument("source", "a Blob, a Uint8Array or a ReadableStream of bytes", source);
}

function streamOf(chunks: AsyncGenerator<Uint8Array, void, undefined>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => {
        await chunks.return();
      },
    },
    { highWaterMark: 0 },
  );
}
