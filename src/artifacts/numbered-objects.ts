import type { Backend, ListOptions } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { callOptions } from "../backend/call-options.ts";

/**
 * A numbered object under a prefix. The digits in its key count down, so that the newest object is the first of an
 * ascending listing. Six of the eight digits name a directory, so that no directory holds more than 100 numbers.
 */
export interface NumberedEntry {
  readonly key: string;
  readonly size: number;
  readonly number: number;
  /** `""` for a key without an id. A store without exclusive creates needs the id. */
  readonly id: string;
  /** True if another entry has the same number. */
  readonly shared: boolean;
  /** True if a marker says that the object was removed. The object may still be there. */
  readonly isRemoved: boolean;
}

const DIGITS = 8;
/** The greatest number of {@link DIGITS} digits. Keys with greater ones would not sort as text. */
export const MAX_NUMBER = 99_999_999;
/** Nearly always enough for the objects of one number, and one that shows that there are no more. */
const FEW: ListOptions = { pageSize: 10 };
const SHAPE = /^(\d{6})\/(\d{2})(?:\.([0-9a-z]{1,64}))?\.(json|removed)$/;

/** Returns the digits that stand for a number in keys: those of {@link MAX_NUMBER} minus the number. */
export function countDown(number: number): string {
  return String(MAX_NUMBER - number).padStart(DIGITS, "0");
}

/** Returns the number that {@link countDown} made digits of. */
export function fromCountDown(digits: string): number {
  return MAX_NUMBER - Number(digits);
}

/** Returns the key of a numbered object. */
export function numberedKey(prefix: string, number: number, id: string): string {
  return `${beginning(prefix, number)}${id === "" ? "" : `.${id}`}.json`;
}

/** Returns the key of the marker that says that a numbered object was removed, so that its number stays taken. */
export function removedKey(prefix: string, number: number, id: string): string {
  return numberedKey(prefix, number, id).replace(/json$/, "removed");
}

/** Returns the number and id of a numbered object under `prefix`, or `undefined` for any other key. */
export function parseNumberedKey(prefix: string, key: string): { number: number; id: string } | undefined {
  const parsed = parseKey(prefix, key);
  return parsed === undefined || parsed.isMarker ? undefined : { number: parsed.number, id: parsed.id };
}

function parseKey(prefix: string, key: string): { number: number; id: string; isMarker: boolean } | undefined {
  const match = key.startsWith(`${prefix}/`) ? SHAPE.exec(key.slice(prefix.length + 1)) : null;
  if (match === null) return undefined;
  return { number: fromCountDown(`${match[1]}${match[2]}`), id: match[3] ?? "", isMarker: match[4] === "removed" };
}

/** Lists all numbered objects under a prefix, also removed ones, by number, then by id. Ignores other keys. */
export async function listNumbered(
  backend: Backend,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<NumberedEntry[]> {
  const found: Found[] = [];
  for await (const entry of descending(backend, prefix, {}, signal)) found.push(entry);
  return inOrder(found);
}

/**
 * Lists the objects with the greatest number that are not all removed, by id. Stops after them. `highest`: the greatest
 * number, also of removed ones.
 */
export async function listNewest(
  backend: Backend,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly entries: NumberedEntry[]; readonly highest: number | undefined }> {
  let found: Found[] = [];
  let highest: number | undefined;
  const kept = (): NumberedEntry[] => inOrder(found).filter(({ isRemoved }) => !isRemoved);
  for await (const entry of descending(backend, prefix, FEW, signal)) {
    highest ??= entry.number;
    if (entry.number !== (found[0]?.number ?? entry.number)) {
      if (kept().length > 0) break;
      found = [];
    }
    found.push(entry);
  }
  return { entries: kept(), highest };
}

/** Lists the objects with this number, also removed ones, by id. */
export function listNumber(
  backend: Backend,
  prefix: string,
  number: number,
  signal: AbortSignal | undefined,
): Promise<NumberedEntry[]> {
  return listNumbers(backend, prefix, number, number, signal);
}

/** Lists the objects with the numbers from `lowest` to `highest`, also removed ones, by number, then by id. */
export async function listNumbers(
  backend: Backend,
  prefix: string,
  highest: number,
  lowest: number,
  signal: AbortSignal | undefined,
): Promise<NumberedEntry[]> {
  const found: Found[] = [];
  const options = { ...(highest === lowest && FEW), startAfter: beginning(prefix, highest) };
  for await (const entry of descending(backend, prefix, options, signal)) {
    if (entry.number < lowest || entry.number > highest) break;
    found.push(entry);
  }
  return inOrder(found);
}

interface Found extends Omit<NumberedEntry, "shared" | "isRemoved"> {
  readonly isMarker: boolean;
}

/** Yields the listed objects and markers, the newest first. */
async function* descending(
  backend: Backend,
  prefix: string,
  options: ListOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<Found, void, undefined> {
  for await (const { key, size } of backend.list(prefix, { ...callOptions(signal), ...options })) {
    const parsed = parseKey(prefix, key);
    if (parsed !== undefined) yield { key, size, ...parsed };
  }
}

/** Returns what all keys with this number begin with. */
function beginning(prefix: string, number: number): string {
  const digits = countDown(number);
  return `${prefix}/${digits.slice(0, -2)}/${digits.slice(-2)}`;
}

function inOrder(found: readonly Found[]): NumberedEntry[] {
  const placed = new Map<string, Found & { isRemoved: boolean }>();
  for (const each of found) {
    const place = `${each.number}.${each.id}`;
    const other = placed.get(place);
    if (other === undefined) placed.set(place, { ...each, isRemoved: each.isMarker });
    else placed.set(place, { ...(each.isMarker ? other : each), isRemoved: true });
  }
  const entries = [...placed.values()].sort(compareNumbered);
  return entries.map(({ key, size, number, id, isRemoved }, i) => ({
    key,
    size,
    number,
    id,
    isRemoved,
    shared: entries[i - 1]?.number === number || entries[i + 1]?.number === number,
  }));
}

function compareNumbered(a: Pick<Found, "number" | "id">, b: Pick<Found, "number" | "id">): number {
  if (a.number !== b.number) return a.number - b.number;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** Returns the number after the newest one. Throws `TOO_LARGE` if there is none. */
export function nextNumber(newest: { readonly number: number } | undefined, prefix: string): number {
  const number = (newest?.number ?? -1) + 1;
  if (number > MAX_NUMBER)
    throw new LedgerError("TOO_LARGE", `${prefix} is full: it has a number ${MAX_NUMBER}`, { key: prefix });
  return number;
}
