import { concernsOneObject, LedgerError } from "../errors/ledger-error.ts";

const refusals = new WeakSet<LedgerError>();

/** Returns an error that says why a run cannot be transferred. Other runs can be. */
export function refusal(message: string, key?: string, cause?: unknown): LedgerError {
  const error = new LedgerError("CONFLICT", message, { key, cause });
  refusals.add(error);
  return error;
}

/** Returns whether {@link refusal} made the error. */
export function isRefusal(error: unknown): error is LedgerError {
  return LedgerError.is(error) && refusals.has(error);
}

/** Returns the error of a source as a {@link refusal} if it concerns one object, else as it is. */
export function refusalOf(error: unknown): unknown {
  if (isRefusal(error) || !concernsOneObject(error)) return error;
  return refusal(error.message, error.key, error);
}

/** Returns what `read` returns. Turns an error that concerns one object of the source into a {@link refusal}. */
export async function fromSource<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw refusalOf(error);
  }
}

/** Yields what a source yields. Turns an error that concerns one object of the source into a refusal. */
export async function* refusing<T>(items: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } catch (error) {
    throw refusalOf(error);
  }
}
