import { streamIterator } from "../bytes/stream-iterator.ts";
import { isArrayBuffer, isBlob } from "../platform/any-realm.ts";
import { utf8Encoder } from "../bytes/utf8.ts";
import { LedgerError, describeType, invalidArgument } from "../errors/ledger-error.ts";
import type { FileState, FileTree, SourceFile } from "../backend/file-tree.ts";
import { jsonText, SMALL_BYTES } from "./own-source.ts";
import { toArtifactPath } from "./path.ts";

/**
 * The content of one file: the bytes of a typed array or an `ArrayBuffer`, a Blob, a stream of bytes, text (stored as
 * UTF-8), data (stored as JSON), or a file of `fromPath`.
 */
export type FileSource =
  | ArrayBufferView
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | FileTree
  | {
      /** Text to store as UTF-8. */
      readonly text: string;
    }
  | {
      /** Data to store as JSON. Must not contain NaN, infinities, -0 and bigints, which JSON cannot hold. */
      readonly json: unknown;
    };

/**
 * What can be logged as an artifact: one content, or files by their paths. A directory of `fromPath` is a source, too.
 */
export type ArtifactSource =
  | FileSource
  | {
      /** The content of each file, by its path in the artifact: relative and `/`-separated. */
      readonly files: { readonly [path: string]: FileSource };
    };

const CHUNK_BYTES = 1024 * 1024;

/** The content of one file, by how often and how safely it can be read. */
export type Content =
  /** Bytes that nobody else can change. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** Can be read any number of times. If `stable`, it yields the same bytes each time. */
  | {
      readonly kind: "reopenable";
      readonly size: number;
      readonly stable: boolean;
      /** The state of the file that holds it, and a way to read it at once: see `SourceFile`. */
      readonly state?: FileState | undefined;
      readonly readNow?: (() => Uint8Array | undefined) | undefined;
      open(signal?: AbortSignal): AsyncIterable<Uint8Array>;
    }
  /** Can be read only once. */
  | { readonly kind: "stream"; readonly chunks: AsyncIterable<Uint8Array> };

/** A source in one of the few forms that the artifact store handles. */
export type NormalSource =
  | { readonly kind: "content"; readonly content: Content }
  | { readonly kind: "files"; readonly tree: FileTree }
  | { readonly kind: "map"; readonly files: readonly (readonly [path: string, source: NormalSource])[] };

/**
 * Returns a source in normal form, without reading from it. Copies small bytes, so that the caller may change them at
 * once. Larger bytes are read later in pieces, and a change in the meantime is detected. Throws `INVALID_ARGUMENT` that
 * names `field`.
 */
export function normalizeSource(source: unknown, field = "source"): NormalSource {
  if (typeof source !== "object" || source === null) throw unknownSource(source, field);
  const bytes = asBytes(source);
  if (bytes !== undefined) return content(fromTheirBytes(bytes));
  if (isFileTree(source)) return { kind: "files", tree: source };
  if (isBlob(source)) return content(fromBlob(source));
  if ("getReader" in source && typeof source.getReader === "function") {
    return content({ kind: "stream", chunks: readerChunks(source as ReadableStream<Uint8Array>) });
  }
  if (Symbol.asyncIterator in source && typeof source[Symbol.asyncIterator] === "function") {
    return content({ kind: "stream", chunks: source as AsyncIterable<Uint8Array> });
  }
  const [member, ...more] = Object.keys(source);
  if (more.length === 0 && member === "text") return content(fromText((source as { text: unknown }).text, field));
  if (more.length === 0 && member === "json") return content(fromText(jsonText((source as { json: unknown }).json)));
  if (more.length === 0 && member === "files") return fromMap((source as { files: unknown }).files);
  throw unknownSource(source, field);
}

function fromText(text: unknown, field = "source"): Content {
  if (typeof text !== "string") throw invalidArgument(`${field}.text`, "a string", text);
  return fromOwnBytes(utf8Encoder().encode(text));
}

function fromMap(files: unknown): NormalSource {
  if (typeof files !== "object" || files === null || Array.isArray(files))
    throw invalidArgument("source.files", "an object of sources by path", files);
  const normal = Object.keys(files).map((path) => {
    const own = toArtifactPath(path, "source.files");
    const field = `source.files[${JSON.stringify(path.length > 100 ? `${path.slice(0, 100)}…` : path)}]`;
    const source = normalizeSource((files as Record<string, unknown>)[path], field);
    if (source.kind !== "map") return [own, source] as const;
    throw new LedgerError("INVALID_ARGUMENT", `${field} must be one file, not { files }`, { field });
  });
  return { kind: "map", files: normal };
}

/** Returns the content of a file of a tree. Files may change, so a second reading is checked. */
export function fileContent(file: SourceFile): Content {
  if (!Number.isSafeInteger(file.size) || file.size < 0) {
    throw new LedgerError("INVALID_ARGUMENT", `the size of ${JSON.stringify(file.path)} must be a number of bytes`, {
      field: "source",
    });
  }
  return {
    kind: "reopenable",
    size: file.size,
    stable: false,
    state: typeof file.state?.id === "string" ? file.state : undefined,
    readNow: file.readNow === undefined ? undefined : () => file.readNow?.(),
    open: (signal) => file.open(signal === undefined ? {} : { signal }),
  };
}

function content(of: Content): NormalSource {
  return { kind: "content", content: of };
}

/** Returns the bytes of a typed array or an `ArrayBuffer` of any realm, or `undefined` for anything else. */
function asBytes(source: object): Uint8Array | undefined {
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  return isArrayBuffer(source) ? new Uint8Array(source) : undefined;
}

function fromOwnBytes(bytes: Uint8Array): Content {
  if (bytes.byteLength <= SMALL_BYTES) return { kind: "bytes", bytes };
  return { kind: "reopenable", size: bytes.byteLength, stable: true, open: () => pieces(bytes, false) };
}

function fromTheirBytes(bytes: Uint8Array): Content {
  if (bytes.byteLength <= SMALL_BYTES) return { kind: "bytes", bytes: bytes.slice() };
  return { kind: "reopenable", size: bytes.byteLength, stable: false, open: () => pieces(bytes, true) };
}

/**
 * Yields bytes in pieces, each valid until the next one is asked for. With `copy`, a piece is the same when it is
 * hashed and when it is written, even if the caller changes the bytes.
 */
async function* pieces(bytes: Uint8Array, copy: boolean): AsyncGenerator<Uint8Array, void, undefined> {
  const room = copy ? new Uint8Array(CHUNK_BYTES) : undefined;
  for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES) {
    const piece = bytes.subarray(at, at + CHUNK_BYTES);
    room?.set(piece);
    yield room === undefined ? piece : room.subarray(0, piece.byteLength);
  }
}

function fromBlob(blob: Blob): Content {
  return { kind: "reopenable", size: blob.size, stable: true, open: () => readerChunks(blob.stream()) };
}

/** Returns the chunks of a stream, and locks it at once. */
function readerChunks(stream: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const iterator = streamIterator(stream);
  return { [Symbol.asyncIterator]: () => iterator };
}

function isFileTree(source: object): source is FileTree {
  return (
    (source as Partial<FileTree>).kind === "runledger.files" &&
    typeof (source as Partial<FileTree>).files === "function"
  );
}

const FROM_PATH = ": use fromPath(path) of runledger/backends/fs for a file or directory";

function unknownSource(source: unknown, field: string): LedgerError {
  const received = describeType(source);
  let hint = "";
  if (received === "Tensor" || received === "Variable") hint = ": read its numbers with dataSync(), or await data()";
  else if (received === "string") hint = `${FROM_PATH}, and { text } for a text`;
  else if (received === "Promise") hint = ": await it first";
  else if (typeof (source as { save?: unknown } | null)?.save === "function")
    hint = ": see docs/tensorflow-js.md for models of TensorFlow.js";
  else if (received === "object" && "path" in (source as object)) hint = FROM_PATH;
  else if (received === "object" || received === "array")
    hint = ": use { json } for plain data, and { files } for sources by path";
  return new LedgerError(
    "INVALID_ARGUMENT",
    `${field} must be a typed array, an ArrayBuffer, a Blob, a stream of Uint8Array, fromPath(), { text }, { json } ` +
      `or { files }, but is ${received}${hint}`,
    { field, received },
  );
}
