import type { Backend, ByteRange, CallOptions, ReadOptions } from "../backend/backend.ts";
import { checkChoice } from "../arguments/choice.ts";
import { type OptionNames, readOptions, readSignal } from "../arguments/options.ts";
import { LedgerError, invalidArgument } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import { clampRange } from "../backend/body.ts";
import { callOptions } from "../backend/call-options.ts";
import { blobKey } from "./blobs.ts";
import { formatDigest } from "../bytes/digest.ts";
import type { ManifestFile } from "./manifest.ts";
import type { ArtifactCheck } from "./artifact-check.ts";
import { inStoredOrder, isPacked, PackedFiles } from "./packed-files.ts";
import { blobChunks, damaged, WRONG_DIGEST } from "./read-blob.ts";
import type { Part } from "./read-ranges.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { type StoredTable, TABLE_PATH, type TableReader, TENSOR_PATH } from "./stored-table.ts";
import type { StoredTensor } from "./tensor-file.ts";
import type { ArtifactVersion } from "./version.ts";

const checking = /* @__PURE__ */ onDemand(() => import("./artifact-check.ts"));
const ranges = /* @__PURE__ */ onDemand(() => import("./file-range.ts"));
const tensors = /* @__PURE__ */ onDemand(() => import("./tensor-file.ts"));

const SHOWN = 5;
const READ_OPTIONS: OptionNames<ReadOptions> = { range: true, signal: true };
/** Names that look like members of a range. */
const RANGE_NAMES: ReadonlySet<string> = /* @__PURE__ */ new Set(["offset", "length", "start", "end", "position"]);

/** One file of an artifact. */
export interface ArtifactFile {
  /** The path in the artifact: relative and `/`-separated. A single content without a name is called `content`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** `sha256:<64 hex digits>` of the content. */
  readonly digest: string;
  /**
   * `false` if some systems cannot hold the path, or would put it in the place of another: `aux.py` and `a:b` on
   * Windows, `A` beside `a` where case does not count. Save such a file under another name. Absent for all other files.
   */
  readonly portable?: false;
}

/** A version of an artifact whose files can be read. It holds nothing open. */
export class OpenArtifact {
  /** The version, as plain data. */
  readonly version: ArtifactVersion;
  readonly #backend: Backend;
  readonly #single: boolean;
  readonly #files: ReadonlyMap<string, ManifestFile>;
  readonly #packed: PackedFiles;
  readonly #readTable: TableReader;

  /** @internal Use `ledger.openArtifact`. */
  constructor(
    backend: Backend,
    version: ArtifactVersion,
    single: boolean,
    files: readonly ManifestFile[],
    readTable: TableReader,
  ) {
    this.#backend = backend;
    this.#readTable = readTable;
    this.version = version;
    this.#single = single;
    this.#packed = new PackedFiles(backend, files);
    this.#files = new Map(files.map((file) => [file.path, file]));
  }

  /**
   * Yields every file, in the order of the UTF-8 bytes of the paths, or with `order: "stored"` in the order in which
   * reading all of them takes the fewest requests. Throws `INVALID_ARGUMENT` for another `order`.
   */
  async *files(
    options: {
      /** The order of the files. Default `"path"`. */
      readonly order?: "path" | "stored" | undefined;
    } = {},
  ): AsyncGenerator<ArtifactFile, void, undefined> {
    const { order = "path" } = readOptions("files", options, { order: true });
    checkChoice("order", order, ["path", "stored"]);
    const files = order === "path" ? this.#files.values() : inStoredOrder(this.#files.values());
    for (const { hex, place: _, ...file } of files) yield { ...file, digest: formatDigest(hex) };
  }

  /**
   * Returns the bytes of one file, after checking their digest. `path` may be left out if the artifact has a single
   * content, else `INVALID_ARGUMENT`. Rejects with `ARTIFACT_NOT_FOUND` if there is no such file, and with `CORRUPT` if
   * the store holds other bytes than were logged.
   *
   * With `range` it returns these bytes alone, with one request. They cannot be compared with the digest of the file:
   * only their number is checked, and `verify` finds other bytes. Rejects with `INVALID_ARGUMENT` for a bad `range`.
   */
  async read(path?: string, options: ReadOptions = {}): Promise<Uint8Array> {
    const { range, signal } = readOptions("read", options, READ_OPTIONS, "options", adviceOnRange);
    const file = this.#file(path);
    if (range !== undefined) {
      const part = partOf(file, range);
      return await (await ranges()).readFilePart(this.#backend, file, part, signal);
    }
    if (isPacked(file)) return await this.#packed.read(file, signal);
    const { hex, size } = file;
    const key = blobKey(hex);
    const { sha256Hex } = await loadSha256();
    const bytes = await this.#readBlob(key, size, signal);
    if (bytes.byteLength !== size)
      throw damaged(key, `should have ${size} bytes, but has ${bytes.byteLength > size ? "more" : bytes.byteLength}`);
    if ((await sha256Hex(bytes)) !== hex) throw damaged(key, WRONG_DIGEST);
    return bytes;
  }

  /**
   * Returns the table that `logDataset` stored with `store: true`: its columns as lists of cells. Reads `data.parquet`,
   * or the Parquet file at `path` if this library wrote it. Rejects as {@link read} does, and with `CORRUPT` for any
   * other file. Other Parquet files have many forms: read their bytes with a library for Parquet.
   */
  async readTable(path: string = TABLE_PATH, options: CallOptions = {}): Promise<StoredTable> {
    return await this.#decode(path, readSignal("readTable", options), this.#readTable);
  }

  /**
   * Returns the tensor that `logDataset` stored with `store: true`. Reads `data.npy`, or the NumPy file at `path` if it
   * is one of version 1.0 with float32, float64, int32 or bool in the order of rows. Rejects as {@link read} does, and
   * with `CORRUPT` for any other file.
   */
  async readTensor(path: string = TENSOR_PATH, options: CallOptions = {}): Promise<StoredTensor> {
    const signal = readSignal("readTensor", options);
    const { decodeTensor } = await tensors();
    return await this.#decode(path, signal, decodeTensor);
  }

  async #decode<T>(
    path: string,
    signal: AbortSignal | undefined,
    decode: (bytes: Uint8Array, signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> {
    const bytes = await this.read(path, callOptions(signal));
    try {
      return await decode(bytes, signal);
    } catch (cause) {
      if (!LedgerError.hasCode(cause, "CORRUPT")) throw cause;
      const { name, version } = this.version;
      throw new LedgerError("CORRUPT", `${name}:${version}, ${JSON.stringify(path)}: ${cause.message}`, { cause });
    }
  }

  /**
   * Returns one file as a stream. It reads 4 MiB at a time, only when they are asked for. If the store holds other
   * bytes than were logged, the stream fails with `CORRUPT` instead of yielding its last chunk. Throws at once for a
   * `path` or a `range` that {@link read} would reject. The bytes of a range are not compared with the digest.
   */
  stream(path?: string, options: ReadOptions = {}): ReadableStream<Uint8Array> {
    const { range, signal } = readOptions("stream", options, READ_OPTIONS, "options", adviceOnRange);
    const file = this.#file(path);
    const chunks = this.#chunks(file, range === undefined ? undefined : partOf(file, range), signal);
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = await chunks.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        },
        cancel: async () => {
          await chunks.return();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /**
   * Reads every file and compares it with its digest. Reports what is wrong in the store; rejects only if it is
   * aborted.
   */
  async verify(options: CallOptions = {}): Promise<ArtifactCheck> {
    const signal = readSignal("verify", options);
    const { checkFiles } = await checking();
    return await checkFiles(this.#backend, [...this.#files.values()], signal);
  }

  async *#chunks(
    file: ManifestFile,
    part: Part | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (part !== undefined) return yield* (await ranges()).filePartChunks(this.#backend, file, part, signal);
    if (!isPacked(file)) return yield* blobChunks(this.#backend, file, signal);
    const bytes = await this.#packed.read(file, signal);
    if (bytes.byteLength > 0) yield bytes;
  }

  async #readBlob(key: string, size: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    try {
      return await this.#backend.read(key, { ...callOptions(signal), range: { offset: 0, length: size + 1 } });
    } catch (cause) {
      if (LedgerError.hasCode(cause, "NOT_FOUND")) throw damaged(key, "is missing", cause);
      throw cause;
    }
  }

  #file(path: string | undefined): ManifestFile {
    const { name, version } = this.version;
    if (path === undefined) {
      const only = this.#single ? this.#files.values().next().value : undefined;
      if (only !== undefined) return only;
      throw new LedgerError(
        "INVALID_ARGUMENT",
        `${name}:${version} is a directory: name one of its files, ${this.#some()}`,
        {
          field: "path",
          received: "undefined",
        },
      );
    }
    const file = typeof path === "string" ? this.#files.get(path.normalize("NFC")) : undefined;
    if (file !== undefined) return file;
    const shown = JSON.stringify(String(path).slice(0, 200));
    const other = path === TABLE_PATH ? TENSOR_PATH : path === TENSOR_PATH ? TABLE_PATH : undefined;
    const advice =
      other === undefined || !this.#files.has(other)
        ? ""
        : other === TABLE_PATH
          ? ", a table: readTable() reads it. A stored tensor of one dimension is the column data of a table"
          : ", a tensor: readTensor() reads it";
    const message = `${name}:${version} has no file ${shown}; it has ${this.#some()}${advice}`;
    throw new LedgerError("ARTIFACT_NOT_FOUND", message, { field: "path" });
  }

  #some(): string {
    const paths = [...this.#files.keys()];
    if (paths.length === 0) return "none";
    const shown = paths.slice(0, SHOWN).map((path) => JSON.stringify(path.slice(0, 100)));
    return `${shown.join(", ")}${paths.length > SHOWN ? ` and ${paths.length - SHOWN} more` : ""}`;
  }
}

/** Returns where a range of a file begins and ends. Throws `INVALID_ARGUMENT` for what is no range. */
function partOf({ size }: ManifestFile, range: ByteRange): Part {
  if (typeof range !== "object" || range === null) throw invalidArgument("range", "{ offset, length }", range);
  const { offset, length } = readOptions<Partial<ByteRange>>("range", range, { offset: true, length: true }, "range");
  return clampRange({ offset: offset as number, length }, size);
}

/** Returns what to say about members of a range that are given as options. */
function adviceOnRange(name: string): string {
  return RANGE_NAMES.has(name) ? ": say { range: { offset, length } }" : "";
}
