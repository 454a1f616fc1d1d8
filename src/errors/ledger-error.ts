/**
 * Every `code` of a {@link LedgerError}. `docs/errors.md` says for each what happened, what is intact and what to do.
 */
export const ERROR_CODES = [
  "INVALID_ARGUMENT",
  "INVALID_KEY",
  "EXISTS",
  "NOT_FOUND",
  "RUN_NOT_FOUND",
  "RUN_EXISTS",
  "ARTIFACT_NOT_FOUND",
  "RUN_CLOSED",
  "PARAM_CONFLICT",
  "NOT_A_LEDGER",
  "FORMAT_TOO_NEW",
  "CORRUPT",
  "CONFLICT",
  "FENCED",
  "PERMISSION_DENIED",
  "NO_SPACE",
  "TOO_LARGE",
  "BUCKET_NOT_FOUND",
  "CREDENTIALS",
  "UNEXPECTED_RESPONSE",
  "UNAVAILABLE",
  "OUTCOME_UNKNOWN",
  "EVENT_LOOP_BLOCKED",
  "IO",
  "UNSUPPORTED",
  "CLOSED",
] as const;

/** The code of a `LedgerError`: one of `ERROR_CODES`. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What a `LedgerError` says beside its code and its message. */
export interface ErrorDetails {
  /** The argument that was wrong, as a path: `params.optimizer.lr`. */
  readonly field?: string | undefined;
  /** The type of the value that was given: `string`, `array`, `Date`, … Never the value itself. */
  readonly received?: string | undefined;
  /** The backend key concerned. */
  readonly key?: string | undefined;
  /** The operation that failed: `create`, `read`, `list`, … */
  readonly operation?: string | undefined;
  /** Where in a text the error is, in UTF-16 code units from 1. */
  readonly position?: number | undefined;
  /** The HTTP status, if there was one. */
  readonly status?: number | undefined;
  /** Whether the same call may succeed later, unchanged. Default `false`. */
  readonly transient?: boolean | undefined;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

// In the registry of all realms, so that a second copy of this module recognises the errors of the first.
const BRAND = Symbol.for("runledger.LedgerError");
const DETAILS = ["field", "received", "key", "operation", "position", "status"] as const;

/** The only error that this library raises. Branch on `code`; messages are for people and may change. */
export class LedgerError extends Error {
  static {
    this.prototype.name = "LedgerError";
    Object.defineProperty(this.prototype, BRAND, { value: true });
    // Bundlers rename classes, and printing an error shows the name of its class.
    Object.defineProperty(this, "name", { value: "LedgerError" });
  }
  /** What went wrong, as a code. `docs/errors.md` says what to do about each. */
  readonly code: ErrorCode;
  // Only declared, because printing an error would show members that are `undefined`.
  /** The argument that is wrong, as a path: `params.optimizer.lr`. */
  declare readonly field: string | undefined;
  /** The type of the value that was given. Never the value itself. */
  declare readonly received: string | undefined;
  /** The backend key concerned. */
  declare readonly key: string | undefined;
  /** The operation that failed: `create`, `read`, `list`, … */
  declare readonly operation: string | undefined;
  /** Where in a text the error is, in UTF-16 code units from 1. */
  declare readonly position: number | undefined;
  /** The HTTP status, if there was one. */
  declare readonly status: number | undefined;
  /** Whether the same call may succeed later, unchanged. */
  readonly transient: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.transient = details.transient ?? false;
    for (const name of DETAILS)
      if (details[name] !== undefined) Object.defineProperty(this, name, { value: details[name], enumerable: true });
  }

  /** Returns whether it is a `LedgerError`, of any copy of this library and of any realm. */
  static is(error: unknown): error is LedgerError {
    return isLedgerError(error);
  }

  /** Returns `LedgerError.is(error) && error.code === code`. */
  static hasCode(error: unknown, code: ErrorCode): error is LedgerError {
    return isLedgerError(error) && error.code === code;
  }
}

function isLedgerError(error: unknown): error is LedgerError {
  try {
    return typeof error === "object" && error !== null && (error as Record<symbol, unknown>)[BRAND] === true;
  } catch {
    // The thrown value may be a proxy that throws.
    return false;
  }
}

/** Returns the name of a value's type for error messages: `string`, `null`, `array`, `Tensor`, `Date`, … */
export function describeType(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  let name: unknown;
  try {
    if (Array.isArray(value)) return "array";
    name = Object.getPrototypeOf(value)?.constructor?.name;
  } catch {
    return "object";
  }
  return typeof name === "string" && name !== "" && name !== "Object" ? name.slice(0, 64) : "object";
}

/** Returns the advice to copy the fields of a class instance, or `otherwise` if the value has no fields to copy. */
export function copyAdvice(value: unknown, otherwise = ""): string {
  try {
    const isInstance =
      typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
    return isInstance && Object.keys(value).length > 0 ? ": { ...value } copies the fields of an instance" : otherwise;
  } catch {
    return otherwise;
  }
}

/**
 * Returns an `INVALID_ARGUMENT` that names the field and its value: a number, a bigint or a boolean itself, and of
 * anything else only the type, because a text may be secret. `hint` ends the message, unless the value is a promise.
 */
export function invalidArgument(field: string, expected: string, value: unknown, hint = ""): LedgerError {
  const received = describeType(value);
  const advice = received === "Promise" ? ": await it first" : hint;
  return wrong(field, expected, received, `${shownNumber(value) ?? article(received)}${advice}`);
}

/**
 * Returns {@link invalidArgument} for a field that takes one of a few words. It names the word that was given. `meant`
 * ends the message.
 */
export function invalidChoice(field: string, expected: string, value: unknown, meant = ""): LedgerError {
  const received = describeType(value);
  const shown = typeof value === "string" ? JSON.stringify(clip(value, 60)) : (shownNumber(value) ?? article(received));
  return wrong(field, expected, received, `${shown}${meant}`);
}

function wrong(field: string, expected: string, received: string, found: string): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `${clip(field)} must be ${expected}, but is ${found}`, {
    field: clip(field),
    received,
  });
}

/**
 * Returns the error to throw after reading an argument threw: a `LedgerError` itself, or an `INVALID_ARGUMENT` for
 * anything else.
 */
export function unreadable(field: string, cause: unknown): LedgerError {
  if (isLedgerError(cause)) return cause;
  return new LedgerError("INVALID_ARGUMENT", `${clip(field)} cannot be read: a getter or a proxy throws`, {
    field: clip(field),
    cause,
  });
}

/** Returns what `read` returns. Turns what a getter or a proxy of the caller throws into an `INVALID_ARGUMENT`. */
export function reading<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unreadable(field, error);
  }
}

/** Returns `Array.isArray` of an argument. Throws `INVALID_ARGUMENT` for a revoked proxy, for which it throws. */
export function isList(field: string, value: unknown): value is unknown[] {
  return reading(field, () => Array.isArray(value));
}

function shownNumber(value: unknown): string | undefined {
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  return typeof value === "bigint" ? `${clip(String(value), 30)}n` : undefined;
}

function article(type: string): string {
  if (type === "null" || type === "undefined") return type;
  return `${/^[aeiou]/i.test(type) ? "an" : "a"} ${type}`;
}

function clip(text: string, length = 200): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

/** Returns the error itself if it is a `LedgerError`, else an `IO` with this message and the error as its cause. */
export function ledgerErrorOf(cause: unknown, message: string): LedgerError {
  return LedgerError.is(cause) ? cause : new LedgerError("IO", message, { cause });
}

/**
 * Codes of errors that concern one object of a store. Others, such as `UNAVAILABLE`, `CREDENTIALS` and `CLOSED`,
 * concern the store itself.
 */
const CODES: ReadonlySet<ErrorCode> = /* @__PURE__ */ new Set<ErrorCode>([
  "CORRUPT",
  "FORMAT_TOO_NEW",
  "TOO_LARGE",
  "PERMISSION_DENIED",
  "CONFLICT",
  "INVALID_KEY",
  "RUN_NOT_FOUND",
  "NOT_FOUND",
  "UNSUPPORTED",
  "IO",
]);

/** Returns whether a call failed because of one object, so that calls for other objects may succeed. */
export function concernsOneObject(error: unknown): error is LedgerError {
  return LedgerError.is(error) && !error.transient && CODES.has(error.code);
}
