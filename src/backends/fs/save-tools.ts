import { crypto } from "./builtin-modules.ts";
import { openTemporary } from "./create.ts";
import { Directories } from "./directories.ts";
import { errno, failure, isAbsent, toLedgerError } from "./errors.ts";
import {
  closeSync,
  fchmodSync,
  link,
  linkSync,
  lstat,
  lstatSync,
  openSync,
  rename,
  renameSync,
  unlink,
  unlinkSync,
  writeSync,
} from "./file-calls.ts";
import { finalMode } from "./final-mode.ts";
import { Pace } from "./pace.ts";
import { linkError, parentKey, Root } from "./paths.ts";
import { publish } from "./publish.ts";
import { openToRead, readFully } from "./read.ts";
import { SmallFileReader } from "./small-file-reader.ts";
import { temporaryName } from "./temporary.ts";
import { writeBytes, writeChunks } from "./write-behind.ts";

/**
 * What saving shares with the backend. It is passed to what is loaded on demand: if that imported these, they would be
 * in a file of their own, which each process would have to open.
 */
export interface SaveTools {
  readonly calls: {
    readonly closeSync: typeof closeSync;
    readonly fchmodSync: typeof fchmodSync;
    readonly link: typeof link;
    readonly linkSync: typeof linkSync;
    readonly lstat: typeof lstat;
    readonly lstatSync: typeof lstatSync;
    readonly openSync: typeof openSync;
    readonly rename: typeof rename;
    readonly renameSync: typeof renameSync;
    readonly unlink: typeof unlink;
    readonly unlinkSync: typeof unlinkSync;
    readonly writeSync: typeof writeSync;
  };
  readonly crypto: typeof crypto;
  readonly Directories: typeof Directories;
  readonly errno: typeof errno;
  readonly failure: typeof failure;
  readonly finalMode: typeof finalMode;
  readonly isAbsent: typeof isAbsent;
  readonly linkError: typeof linkError;
  readonly openTemporary: typeof openTemporary;
  readonly openToRead: typeof openToRead;
  readonly Pace: typeof Pace;
  readonly parentKey: typeof parentKey;
  readonly publish: typeof publish;
  readonly readFully: typeof readFully;
  readonly Root: typeof Root;
  readonly SmallFileReader: typeof SmallFileReader;
  readonly temporaryName: typeof temporaryName;
  readonly toLedgerError: typeof toLedgerError;
  readonly writeBytes: typeof writeBytes;
  readonly writeChunks: typeof writeChunks;
}

/** Returns the tools. */
export function saveTools(): SaveTools {
  return {
    calls: {
      closeSync,
      fchmodSync,
      link,
      linkSync,
      lstat,
      lstatSync,
      openSync,
      rename,
      renameSync,
      unlink,
      unlinkSync,
      writeSync,
    },
    crypto,
    Directories,
    errno,
    failure,
    finalMode,
    isAbsent,
    linkError,
    openTemporary,
    openToRead,
    Pace,
    parentKey,
    publish,
    readFully,
    Root,
    SmallFileReader,
    temporaryName,
    toLedgerError,
    writeBytes,
    writeChunks,
  };
}
