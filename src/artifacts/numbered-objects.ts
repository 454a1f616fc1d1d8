import type { Backend } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { callOptions } from "../backend/call-options.ts";

/** A numbered object under a prefix: `<n>.json`, or `<n>.<id>.json` on a store without exclusive creates. */
export interface NumberedEntry {
  readonly key: string;
  readonly size: number;
  readonly number: number;
  /** `""` for `<n>.json`. */
  readonly id: string;
  /** True if another entry has the same number. */
  readonly shared: boolean;
}

const DIGITS = 8;
/** The greatest number of {@link DIGITS} digits. Keys with greater ones would not sort as text. */
export const MAX_NUMBER = 99_999_999;
const SHAPE = /^(\d{8})(?:\.([0-9a-z]{1,64}))?\.json$/;

/** Returns the key of a numbered object. */
export function numberedKey(prefix: string, number: number, id: string): string {
  return `${prefix}/${String(number).padStart(DIGITS, "0")}${id === "" ? "" : `.${id}`}.json`;
}

/** Returns the number and id of a numbered object under `prefix`, or `undefined` for any other key. */
export function parseNumberedKey(prefix: string, key: string): { number: number; id: string } | undefined {
  const match = key.startsWith(`${prefix}/`) ? SHAPE.exec(key.slice(prefix.length + 1)) : null;
  return match === null ? undefined : { number: Number(match[1]), id: match[2] ?? "" };
}

/** Lists the numbered objects under a prefix, by number, then by id. Ignores other keys. */
export async function listNumbered(
  backend: Backend,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<NumberedEntry[]> {
  const found: Omit<NumberedEntry, "shared">[] = [];
  for await (const { key, size } of backend.list(prefix, callOptions(signal))) {
    const parsed = parseNumberedKey(prefix, key);
    if (parsed !== undefined) found.push({ key, size, ...parsed });
  }
  found.sort(compareNumbered);
  return found.map((entry, i) => ({
    ...entry,
    shared: found[i - 1]?.number === entry.number || found[i + 1]?.number === entry.number,
  }));
}

export function compareNumbered(
  a: Pick<NumberedEntry, "number" | "id">,
  b: Pick<NumberedEntry, "number" | "id">,
): number {
  if (a.number !== b.number) return a.number - b.number;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** Returns the number after the greatest one. Throws `TOO_LARGE` if there is none. */
export function nextNumber(entries: readonly NumberedEntry[], prefix: string): number {
  const number = (entries.at(-1)?.number ?? -1) + 1;
  if (number > MAX_NUMBER)
    throw new LedgerError("TOO_LARGE", `${prefix} is full: it has a number ${MAX_NUMBER}`, { key: prefix });
  return number;
}
