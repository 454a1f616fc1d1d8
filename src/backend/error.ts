/** Every `code` a {@link LedgerError} can carry. `docs/errors.md` says of each what happened, what is intact and what to do. */
export const ERROR_CODES = [
  "INVALID_ARGUMENT",
  "INVALID_KEY",
  "EXISTS",
  "NOT_FOUND",
  "RUN_NOT_FOUND",
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
  "IO",
  "UNSUPPORTED",
  "CLOSED",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorDetails {
  /** The argument that was wrong, as a path: `params.optimizer.lr`. */
  readonly field?: string | undefined;
  /** The type of the value that was given, as {@link describeType} names it. Never the value itself. */
  readonly received?: string | undefined;
  /** The backend key concerned. */
  readonly key?: string | undefined;
  /** The operation that failed: `create`, `read`, `list`, … */
  readonly operation?: string | undefined;
  /** Where in a text the error is: 1 is its first UTF-16 code unit. */
  readonly position?: number | undefined;
  /** HTTP status, where there was one. */
  readonly status?: number | undefined;
  /** The same call may succeed if repeated later, unchanged. Default `false`. */
  readonly transient?: boolean | undefined;
  readonly cause?: unknown;
}

// In the registry of all realms, so that a second copy of this module recognises the errors of the first.
const BRAND = Symbol.for("runledger.LedgerError");

/** The only error this library raises. Branch on `code`; messages are for people and may change. */
export class LedgerError extends Error {
  static {
    this.prototype.name = "LedgerError";
    Object.defineProperty(this.prototype, BRAND, { value: true });
  }
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly received: string | undefined;
  readonly key: string | undefined;
  readonly operation: string | undefined;
  readonly position: number | undefined;
  readonly status: number | undefined;
  readonly transient: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.field = details.field;
    this.received = details.received;
    this.key = details.key;
    this.operation = details.operation;
    this.position = details.position;
    this.status = details.status;
    this.transient = details.transient ?? false;
  }

  /** True for a `LedgerError` of any copy of this library, also one from another realm. */
  static is(error: unknown): error is LedgerError {
    return typeof error === "object" && error !== null && (error as Record<symbol, unknown>)[BRAND] === true;
  }

  /** Shorthand for `LedgerError.is(error) && error.code === code`. */
  static hasCode(error: unknown, code: ErrorCode): error is LedgerError {
    return LedgerError.is(error) && error.code === code;
  }
}

/** How an error message names the type of a value: `string`, `null`, `array`, `Tensor`, `Date`, … */
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

/** An `INVALID_ARGUMENT` that names the field and the type of what it held. */
export function invalidArgument(field: string, expected: string, value: unknown): LedgerError {
  const received = describeType(value);
  return new LedgerError("INVALID_ARGUMENT", `${clip(field)} must be ${expected}, but is ${article(received)}`, {
    field: clip(field),
    received,
  });
}

function article(type: string): string {
  if (type === "null" || type === "undefined") return type;
  return `${/^[aeiou]/i.test(type) ? "an" : "a"} ${type}`;
}

function clip(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
