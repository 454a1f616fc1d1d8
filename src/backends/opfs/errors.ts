import { isError, messageOf } from "../../platform/any-realm.ts";
import { type ErrorCode, LedgerError } from "../../errors/ledger-error.ts";

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly transient?: true;
}

/** What each error of a browser means to a caller, by its `name`. All others are `IO`. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  QuotaExceededError: { code: "NO_SPACE", what: "the browser grants this site no more storage" },
  NoModificationAllowedError: {
    code: "UNAVAILABLE",
    what: "another tab or worker still holds the file open",
    transient: true,
  },
  TypeMismatchError: { code: "CONFLICT", what: "something that is not an object has its name, or that of its folder" },
  NotAllowedError: { code: "PERMISSION_DENIED", what: "the browser refuses access to its storage" },
  SecurityError: { code: "PERMISSION_DENIED", what: "the browser refuses access to its storage" },
};

/** Turns what a browser throws into a `LedgerError`. Returns a `LedgerError` unchanged. */
export function toLedgerError(error: unknown, operation: string, key: string): LedgerError {
  if (LedgerError.is(error)) return error;
  const name = isError(error) ? error.name : "";
  const meaning = Object.hasOwn(MEANINGS, name) ? MEANINGS[name] : undefined;
  if (meaning) return failure(meaning.code, operation, key, meaning.what, error, meaning.transient);
  if (name === "NotFoundError") {
    if (operation === "read" || operation === "move")
      return failure("NOT_FOUND", operation, key, "it does not exist", error);
    return vanished(operation, key, error);
  }
  return failure("IO", operation, key, messageOf(error, "no reason was given"), error);
}

/** Returns whether a browser's error has this name. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return isError(error) && names.includes(error.name);
}

/** Returns whether an error means that no object is there: the name is missing, or that of something else. */
export function isAbsent(error: unknown): boolean {
  return isNamed(error, "NotFoundError", "TypeMismatchError");
}

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

/** Returns the error of a call whose file, folder or blocks were removed before it was done. */
export function vanished(operation: string, key: string, cause?: unknown): LedgerError {
  const what = "its data vanished during the call: somebody may have cleared the storage of the site";
  return failure("IO", operation, key, what, cause, true);
}

/** Returns the `CONFLICT` of an append that states another size than the object has. */
export function wrongSize(key: string, size: number | undefined, at: number): LedgerError {
  const what = size === undefined ? "it is gone" : `it has ${size} bytes instead of ${at}`;
  return failure("CONFLICT", "append", key, `${what}: somebody else has changed it`);
}
