import type { Backend, CallOptions, Entry } from "../../backend/backend.ts";
import { PUBLISHED_PREFIX } from "./published-index.ts";

/**
 * What refers to other objects comes before them. A writer stores it after them, so an index never has the first
 * without the others, even if runs are logged meanwhile.
 */
const FIRST = ["experiments", "runs", "artifacts"] as const;
/** How often something that changes is listed. */
const MAX_LISTINGS = 5;

/**
 * Yields all objects of a place, in ascending order within a group. The first segment of a key is its group. Yields
 * `undefined` where it leaves out keys that come before or after.
 */
export async function* settledEntries(
  backend: Backend,
  options: CallOptions,
): AsyncGenerator<Entry | undefined, void, undefined> {
  yield* await settled(backend, FIRST[0], await listed(backend, FIRST[0], options), options);
  yield* settledRuns(backend, options);
  yield* backend.list(FIRST[2], options);
  yield undefined;
  let startAfter: string | undefined = "";
  while (startAfter !== undefined) {
    const call = { ...options, ...(startAfter !== "" && { startAfter }) };
    startAfter = undefined;
    for await (const entry of backend.list("", call)) {
      const group = groupOf(entry.key);
      if (group !== PUBLISHED_PREFIX && !FIRST.includes(group as (typeof FIRST)[number])) {
        yield entry;
        continue;
      }
      // Goes on after the group, without listing it.
      startAfter = `${group}/\uffff`;
      yield undefined;
      break;
    }
  }
}

/** Returns the group of a key. Keys without a slash have an empty one. */
export function groupOf(key: string): string {
  const slash = key.indexOf("/");
  return slash < 0 ? "" : key.slice(0, slash);
}

/** Yields the objects of runs. Lists a run that is not closed until two listings agree, because it may be closed now. */
async function* settledRuns(backend: Backend, options: CallOptions): AsyncGenerator<Entry, void, undefined> {
  let prefix = "";
  let entries: Entry[] = [];
  const run = async (): Promise<Entry[]> =>
    isClosed(entries) ? entries : await settled(backend, prefix, entries, options);
  for await (const entry of backend.list("runs", options)) {
    const [, id, ...rest] = entry.key.split("/");
    const next = rest.length === 0 ? "" : `runs/${id}`;
    if (next !== prefix) {
      yield* await run();
      prefix = next;
      entries = [];
    }
    if (next === "") yield entry;
    else entries.push(entry);
  }
  yield* await run();
}

function isClosed(entries: readonly Entry[]): boolean {
  if (entries.length === 0) return true;
  const names = entries.map(({ key }) => key.split("/").slice(2).join("/"));
  return names.some((name) => /^run(?:\.\d+)?\.json$/.test(name)) && !names.some((name) => name.startsWith("journal/"));
}

async function settled(backend: Backend, prefix: string, before: Entry[], options: CallOptions): Promise<Entry[]> {
  let entries = before;
  for (let listings = 1; listings < MAX_LISTINGS; listings++) {
    const again = await listed(backend, prefix, options);
    const isSame = again.length === entries.length && again.every(({ key }, i) => key === entries[i]?.key);
    // The sizes of the first listing are right, too: an object only grows.
    if (isSame) return entries;
    entries = again;
  }
  return entries;
}

async function listed(backend: Backend, prefix: string, options: CallOptions): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of backend.list(prefix, options)) entries.push(entry);
  return entries;
}
