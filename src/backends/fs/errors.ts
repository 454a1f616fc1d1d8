import { isError } from "../../platform/any-realm.ts";
import { type ErrorCode, LedgerError } from "../../errors/ledger-error.ts";

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly transient?: true;
}

const busy = (what: string): Meaning => ({ code: "UNAVAILABLE", what, transient: true });

/** What each error code of the system means to a caller. All others are `IO`. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: { code: "NOT_FOUND", what: "it does not exist" },
  EEXIST: { code: "EXISTS", what: "it exists already" },
  ENOTDIR: { code: "CONFLICT", what: "part of the path is a file, not a directory" },
  EISDIR: { code: "CONFLICT", what: "there is a directory in its place" },
  ENOTEMPTY: { code: "CONFLICT", what: "there is a directory in its place" },
  ELOOP: { code: "PERMISSION_DENIED", what: "the path leads through a symbolic link, which is not followed" },
  ENAMETOOLONG: { code: "INVALID_KEY", what: "the path is longer than the file system takes" },
  EACCES: { code: "PERMISSION_DENIED", what: "permission denied" },
  EPERM: { code: "PERMISSION_DENIED", what: "the operation is not permitted" },
  EROFS: { code: "PERMISSION_DENIED", what: "the file system is read-only" },
  ENOSPC: { code: "NO_SPACE", what: "no space is left on the device" },
  EDQUOT: { code: "NO_SPACE", what: "the disk quota is used up" },
  EFBIG: { code: "TOO_LARGE", what: "the file would be larger than allowed here" },
  ENOTSUP: { code: "UNSUPPORTED", what: "the file system cannot do this" },
  EOPNOTSUPP: { code: "UNSUPPORTED", what: "the file system cannot do this" },
  ENOSYS: { code: "UNSUPPORTED", what: "the system cannot do this" },
  EMFILE: busy("this process has too many files open"),
  ENFILE: busy("the system has too many files open"),
  EAGAIN: busy("the file system is busy"),
  EBUSY: busy("the file is in use"),
  ENOMEM: busy("the system is short of memory"),
  ETIMEDOUT: busy("the file system did not answer in time"),
  ESTALE: busy("the file changed on its server"),
};

/**
 * Turns what Node's `fs` throws into a `LedgerError`. Returns a `LedgerError` unchanged. Nothing else translates such
 * errors.
 */
export function toLedgerError(error: unknown, operation: string, key: string): LedgerError {
  if (LedgerError.is(error)) return error;
  const code = errno(error);
  if (isError(error) && error.name === "RangeError" && code !== "ERR_OUT_OF_RANGE") {
    return failure("TOO_LARGE", operation, key, "it does not fit into memory", error);
  }
  const meaning = code === undefined ? undefined : MEANINGS[code];
  // Only these operations report a missing object. For the others, a directory that vanished is a failure.
  const lost = code === "ENOENT" && !["read", "move"].includes(operation);
  if (meaning === undefined || lost) {
    const why = isError(error) ? error.message : "no reason was given";
    return new LedgerError("IO", `cannot ${operation} ${JSON.stringify(key)}: ${why}`, {
      key,
      operation,
      transient: lost,
      cause: error,
    });
  }
  return new LedgerError(meaning.code, `cannot ${operation} ${JSON.stringify(key)}: ${meaning.what} (${code})`, {
    key,
    operation,
    transient: meaning.transient,
    cause: error,
  });
}

/** Returns the error's code (`ENOENT`, `EEXIST`, …), if it has one. */
export function errno(error: unknown): string | undefined {
  const code = typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Returns whether an error means that nothing is at the path: the name is missing, or its directory is a file. */
export function isAbsent(error: unknown): boolean {
  const code = errno(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** Why a name cannot be used: a directory, a link or a special file has it. */
export const NOT_AN_OBJECT = "something that is not an object has its name";

/** Returns the error of an operation on a key. */
export function failure(
  code: ErrorCode,
  operation: string,
  key: string,
  what: string,
  cause?: unknown,
  transient = false,
): LedgerError {
  const message = `cannot ${operation} ${JSON.stringify(key)}: ${what}`;
  return new LedgerError(code, message, { key, operation, transient, cause });
}
