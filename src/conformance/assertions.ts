import { isBytes, isError } from "../platform/any-realm.ts";
import { equalBytes } from "../backend/body.ts";
import { LedgerError, type ErrorCode } from "../errors/ledger-error.ts";
import { type Sentence, contract } from "./contract.ts";

/** Says that a backend broke its contract. */
export class ContractViolation extends Error {
  static {
    this.prototype.name = "ContractViolation";
  }
  /** The sentence of the contract that the backend breaks, if the case rests on one. */
  readonly sentence: Sentence | undefined;

  /** @internal */
  constructor(what: string, sentence?: Sentence, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause });
    this.sentence = sentence;
  }
}

/** Throws unless `condition` is true. `what` says what the case saw instead. */
export function hold(condition: boolean, sentence: Sentence, what: string | (() => string)): asserts condition {
  if (!condition) throw new ContractViolation(typeof what === "string" ? what : what(), sentence);
}

/** Throws unless both have the same JSON. */
export function same(actual: unknown, expected: unknown, sentence: Sentence, what: string): void {
  const [got, wanted] = [show(actual), show(expected)];
  hold(got === wanted, sentence, () => `${what}: expected ${clip(wanted)}, got ${clip(got)}`);
}

/** Throws unless `actual` holds exactly these bytes. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, sentence: Sentence, what: string): void {
  hold(isBytes(actual), contract.output, () => `${what}: expected a Uint8Array, got ${clip(show(actual))}`);
  if (equalBytes(actual, expected)) return;
  const at = expected.findIndex((byte, i) => byte !== actual[i]);
  const where = at === -1 ? "more bytes follow" : `first difference at byte ${at}`;
  throw new ContractViolation(
    `${what}: expected ${expected.byteLength} bytes, got ${actual.byteLength}; ${where}`,
    sentence,
  );
}

export type Outcome<T> =
  | { readonly resolved: true; readonly value: T }
  | { readonly resolved: false; readonly error: unknown };

/** Returns how a call ended. Throws a violation if the call throws synchronously or returns no promise. */
export async function outcome<T>(what: string, call: () => PromiseLike<T>): Promise<Outcome<T>> {
  let promise: PromiseLike<T>;
  try {
    promise = call();
  } catch (error) {
    throw new ContractViolation(`${what} threw synchronously: ${describe(error)}`, contract.promise, error);
  }
  hold(typeof promise?.then === "function", contract.promise, `${what} returned no promise`);
  try {
    return { resolved: true, value: await promise };
  } catch (error) {
    return { resolved: false, error };
  }
}

/**
 * Throws unless the call rejects with a `LedgerError` of this code and key. Ignores the key if `key` is `undefined`.
 */
export async function rejects(
  code: ErrorCode,
  key: string | undefined,
  sentence: Sentence,
  what: string,
  call: () => PromiseLike<unknown>,
): Promise<void> {
  const result = await outcome(what, call);
  if (result.resolved) throw new ContractViolation(`${what} resolved, but must reject with ${code}`, sentence);
  const { error } = result;
  hold(
    LedgerError.is(error),
    contract.errors,
    () => `${what} rejected with ${describe(error)}, which is not a LedgerError`,
  );
  hold(
    error.code === code,
    sentence,
    () => `${what} rejected with ${error.code} instead of ${code} (${error.message})`,
  );
  if (key !== undefined) {
    hold(
      error.key === key,
      contract.errors,
      () => `${what} rejected with an error whose key is ${show(error.key)}, not ${show(key)}`,
    );
  }
}

/** Throws unless the call rejects with exactly this reason within {@link PATIENCE_MS}. */
export async function rejectsWithReason(
  reason: unknown,
  what: string,
  call: () => PromiseLike<unknown>,
): Promise<void> {
  const result = await within(contract.aborted, what, outcome(what, call));
  hold(!result.resolved, contract.aborted, `${what} resolved although its signal is aborted`);
  hold(
    result.error === reason,
    contract.aborted,
    () => `${what} rejected with ${describe(result.error)}, not with the signal's reason`,
  );
}

/** How long a case waits, in ms, before it reports that a call hangs. */
export const PATIENCE_MS = 10_000;

/** Returns what `promise` resolves to. Throws a violation if that takes longer than {@link PATIENCE_MS}. */
export async function within<T>(sentence: Sentence, what: string, promise: Promise<T>): Promise<T> {
  let handle: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    handle = setTimeout(
      () => reject(new ContractViolation(`${what} did not settle in ${PATIENCE_MS / 1000} s`, sentence)),
      PATIENCE_MS,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(handle);
  }
}

/** Returns the words for a thrown value in a message. */
export function describe(error: unknown): string {
  if (LedgerError.is(error)) return `LedgerError ${error.code}: ${error.message}`;
  return isError(error) ? `${error.name}: ${error.message}` : show(error);
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

function clip(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 300)}… (${text.length} characters)`;
}
