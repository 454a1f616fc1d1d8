import { abortable } from "../../platform/abort.ts";
import { utf8Decoder } from "../../bytes/utf8.ts";
import { breakIfDue } from "../../platform/event-loop.ts";
import { leavesDirectory } from "../../provenance/archive-directory.ts";
import { holdsSourceSecret } from "../../provenance/redaction/source-secrets.ts";
import type { GitFiles } from "../git-files.ts";
import { joinPath } from "../portable/git-directory.ts";
import { readIgnoreFile } from "../portable/ignore-file.ts";
import { parseIgnoreRules } from "../portable/ignore-rules.ts";
import { textsOf } from "../patch/binary-text.ts";
import type { TimeLimit } from "../time-limit.ts";
import { defaultPatterns, LOCKFILE, TABLE } from "./default-rules.ts";
import { MAX_ENTRIES, type SourceFile, findSources } from "./find-sources.ts";
import { rulesAbove } from "./ignore-files.ts";
import { LeftOut, type Reason, type Texts } from "./left-out.ts";
import { unportablePaths } from "./unportable-paths.ts";
import { ZipArchive } from "./zip-archive.ts";

/** Larger tables in text are data. */
const MAX_TABLE_BYTES = 100_000;
/** What a file costs besides its content and its name, in bytes of the limit. */
const BYTES_A_FILE = 128;
/** How much of a text is searched for secrets at a time. */
const PIECE_CHARS = 16_384;
const OVERLAP_CHARS = 1024;

export interface ArchiveRequest {
  readonly files: GitFiles;
  /** An absolute path with `/`. */
  readonly directory: string;
  readonly maxBytes: number;
  readonly maxFileBytes: number;
  readonly maxFiles: number;
  /** A file of the directory that comes first, if there is one. */
  readonly entry: string | undefined;
  readonly limit: TimeLimit;
}

/** The archive, if there are files in it, and what is not in it, in words. */
export interface Archived {
  readonly archive?: Uint8Array;
  readonly incomplete: readonly string[];
}

/** Returns the sources below a directory as an archive. Rejects only with the reason of the signal, or if the time is up. */
export async function archiveSources(request: ArchiveRequest): Promise<Archived> {
  const { files, directory, limit } = request;
  const leftOut = new LeftOut();
  const outer = await rulesAbove(files, directory);
  const own = await readIgnoreFile(files, joinPath(directory, ".runledgerignore"), outer.prefix);
  const hasGitignore = outer.isInRepository || (await files.lstat(joinPath(directory, ".gitignore"))) !== undefined;
  const { sources, stopped } = await findSources({
    files,
    directory,
    rules: [parseIgnoreRules(defaultPatterns(hasGitignore), outer.prefix), ...outer.rules],
    own: own ? [own] : [],
    prefix: outer.prefix,
    leftOut,
    isOver: () => limit.signal.aborted,
  });
  const zip = new ZipArchive();
  const paths = await pack(request, sources, zip, leftOut);
  const isEmpty = zip.count === 0;
  const incomplete = [
    ...(stopped === "entries" ? [`archive: only ${MAX_ENTRIES} entries of the directories were looked at`] : []),
    ...(stopped === "time" ? [`archive: looking for files took longer than ${limit.ms} ms`] : []),
    ...leftOut.lines(reasons(request)),
    ...unportablePaths(paths),
    ...(isEmpty ? ["archive: there are no sources"] : []),
  ];
  return isEmpty ? { incomplete } : { archive: zip.end(), incomplete };
}

/** Puts files into the archive: what tells most of the program first, then small files before large ones. */
async function pack(
  request: ArchiveRequest,
  sources: readonly SourceFile[],
  zip: ZipArchive,
  leftOut: LeftOut,
): Promise<string[]> {
  const { entry, maxBytes, maxFileBytes, maxFiles, limit } = request;
  const isFirst = ({ path }: SourceFile): boolean => path === entry || path === "package.json" || LOCKFILE.test(path);
  const depth = ({ path }: SourceFile): number => path.split("/").length;
  const order = [...sources].sort(
    (a, b) =>
      Number(isFirst(b)) - Number(isFirst(a)) || a.size - b.size || depth(a) - depth(b) || (a.path < b.path ? -1 : 1),
  );
  const packed = new Set<string>();
  let left = maxBytes;
  for (const source of order) {
    const { path } = source;
    const most = LOCKFILE.test(path) ? maxBytes : maxFileBytes;
    const cost = (size: number): number => size + 2 * path.length + BYTES_A_FILE;
    const reasonFor = (size: number): Reason | undefined => {
      if (limit.signal.aborted) return "late";
      if (size > most) return "large";
      if (TABLE.test(path) && size > MAX_TABLE_BYTES) return "table";
      if (packed.size >= maxFiles) return "number";
      return cost(size) > left ? "room" : undefined;
    };
    const name = path.normalize("NFC");
    let reason = packed.has(name) || leavesDirectory(name) ? "name" : reasonFor(source.size);
    const bytes = reason ? undefined : await read(request, source);
    if (bytes) reason = reasonFor(bytes.length) ?? (await reasonInside(path, bytes));
    else reason ??= limit.signal.aborted ? "late" : "unreadable";
    if (reason) leftOut.add(reason, path);
    else if (bytes) {
      await zip.add(name, bytes);
      packed.add(name);
      left -= cost(bytes.length);
    }
    await breakIfDue();
  }
  return [...packed].sort();
}

/** Returns why the content of a file must not be in the archive. */
async function reasonInside(path: string, bytes: Uint8Array): Promise<Reason | undefined> {
  if (bytes.includes(0) && !LOCKFILE.test(path)) return "binary";
  return (await seemsSecret(path, bytes)) ? "secret" : undefined;
}

async function read(
  { files, directory, limit }: ArchiveRequest,
  { path, stats }: SourceFile,
): Promise<Uint8Array | undefined> {
  try {
    const found = { stats, root: directory };
    return await abortable(files.read(joinPath(directory, path), found), limit.signal);
  } catch {
    return undefined;
  }
}

async function seemsSecret(path: string, bytes: Uint8Array): Promise<boolean> {
  const texts = bytes.includes(0) ? textsOf(bytes) : [utf8Decoder().decode(bytes)];
  for (const text of texts) {
    for (let from = 0; from < text.length;) {
      const end = text.indexOf("\n", from + PIECE_CHARS);
      const to = end === -1 || end - from > 2 * PIECE_CHARS ? from + 2 * PIECE_CHARS : end + 1;
      if (holdsSourceSecret(path, text.slice(from, to))) return true;
      // A token may stand where a line without an end is cut.
      from = text[to - 1] === "\n" || to >= text.length ? to : to - OVERLAP_CHARS;
      await breakIfDue();
    }
  }
  return false;
}

function reasons({ maxBytes, maxFileBytes, maxFiles, limit }: ArchiveRequest): Texts {
  return {
    secret: ["withheld, they may hold secrets"],
    large: [`left out, larger than ${maxFileBytes} bytes`],
    table: [`left out, tables of more than ${MAX_TABLE_BYTES} bytes`],
    binary: ["left out, binary"],
    room: [`left out, there would be more than ${maxBytes} bytes`],
    number: [`left out, there would be more than ${maxFiles} files`],
    late: [`left out, reading took longer than ${limit.ms} ms`],
    folder: ["left out, with too many entries or too deep", "directory", "directories"],
    rules: ["left out, with ignore files that cannot be read or are too large", "directory", "directories"],
    ledger: ["left out", "ledger"],
    link: ["left out", "link"],
    special: ["left out, pipes or devices"],
    name: ["left out, with a name that is not UTF-8, too long, there twice, or that another system reads as a path"],
    unreadable: ["left out, unreadable"],
  };
}
