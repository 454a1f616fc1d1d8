import { type OptionNames, readOptions } from "../arguments/options.ts";
import { artifactNames } from "../artifacts/artifact-names.ts";
import { toArtifactName, toArtifactType } from "../artifacts/name.ts";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { ArtifactVersion } from "../artifacts/version.ts";
import { callOptions } from "../backend/call-options.ts";
import { crc32 } from "../bytes/crc32.ts";
import { utf8Encoder } from "../bytes/utf8.ts";
import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import { parseArtifactField, parseArtifactOrder } from "../filter/artifact-field.ts";
import type { ArtifactQuery } from "../filter/artifact-query.ts";
import { versionRow } from "../filter/artifact-row.ts";
import { compileFilter, type RowTest } from "../filter/compile-filter.ts";
import type { FilterRow } from "../filter/filter-row.ts";
import { compareRows, type OrderKey, parseOrderBy } from "../filter/order-by.ts";
import { parseFilter } from "../filter/parse-filter.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import type { RunContext } from "../run/run-context.ts";

const QUERY: OptionNames<ArtifactQuery> = {
  name: true,
  type: true,
  filter: true,
  orderBy: true,
  limit: true,
  pageToken: true,
  signal: true,
};

/** A page of versions. */
interface Page {
  readonly versions: ArtifactVersion[];
  readonly nextPageToken?: string;
}

interface Found {
  readonly version: ArtifactVersion;
  readonly row: FilterRow;
}

interface Search {
  readonly name: string | undefined;
  readonly limit: number;
  readonly orderBy: readonly OrderKey[];
  readonly matches: RowTest;
  /** Where the page before ended. */
  readonly after: PageEnd | undefined;
  /** A checksum of the query, because a token is valid for this query only. */
  readonly sum: string;
  readonly signal: AbortSignal | undefined;
}

/** Returns a page of versions; see `Ledger.searchArtifacts`. */
export async function searchArtifacts(context: RunContext, given: ArtifactQuery | undefined): Promise<Page> {
  const search = checked(readOptions("searchArtifacts", given, QUERY, "query"));
  search.signal?.throwIfAborted();
  const store = await context.artifacts();
  const { name, limit, sum } = search;
  // One more than asked for shows that there is another page.
  const found =
    name !== undefined && search.orderBy.length === 0
      ? await firstOf(store, name, search)
      : await bestOf(store, name === undefined ? artifactNames(context.backend, search.signal) : [name], search);
  const versions = found.slice(0, limit).map(({ version }) => version);
  const last = versions.at(-1);
  const more = found.length > limit && last !== undefined;
  return { versions, ...(more && { nextPageToken: `${sum}:${last.name}:${last.version}` }) };
}

/** Returns the first versions of one artifact, by their numbers. Reads no more of them than it must. */
async function firstOf(store: ArtifactStore, name: string, search: Search): Promise<Found[]> {
  const { limit, matches, after, signal } = search;
  const found: Found[] = [];
  for await (const version of store.newestFirst(name, { before: after?.version, most: limit + 1, signal })) {
    const row = versionRow(version);
    if (matches(row) && found.push({ version, row }) > limit) break;
  }
  return found;
}

/** Returns the first versions of many artifacts in the order of the query. Keeps no more than about two pages. */
async function bestOf(
  store: ArtifactStore,
  names: Iterable<string> | AsyncIterable<string>,
  { limit, matches, orderBy, after, signal }: Search,
): Promise<Found[]> {
  const compare = compareRows(orderBy);
  const end = after && versionRow(await lastOfPage(store, after, signal));
  let found: Found[] = [];
  const cut = (): void => {
    found = found.sort((a, b) => compare(a.row, b.row)).slice(0, limit + 1);
  };
  for await (const name of names) {
    for await (const version of store.newestFirst(name, { signal })) {
      const row = versionRow(version);
      if (!matches(row) || (end && compare(row, end) <= 0)) continue;
      if (found.push({ version, row }) > 2 * (limit + 1)) cut();
      const pause = breakIfDue();
      if (pause !== undefined) await pause;
    }
  }
  cut();
  return found;
}

async function lastOfPage(
  store: ArtifactStore,
  { name, version }: PageEnd,
  signal: AbortSignal | undefined,
): Promise<ArtifactVersion> {
  try {
    return await store.resolve(`${name}:${version}`, callOptions(signal));
  } catch (cause) {
    if (!LedgerError.hasCode(cause, "ARTIFACT_NOT_FOUND")) throw cause;
    const message = `pageToken continues after ${name}:${version}, which is gone: search again from the first page`;
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "pageToken", cause });
  }
}

/** Throws `INVALID_ARGUMENT`, which names what is wrong and its position in a text. */
function checked(query: ArtifactQuery): Search {
  const { filter = "", limit = 100, signal } = query;
  const name = query.name === undefined ? undefined : toArtifactName(query.name);
  const type = query.type === undefined ? undefined : toArtifactType(query.type);
  const orderBy = parseOrderBy(query.orderBy ?? [], parseArtifactOrder);
  const test = compileFilter(parseFilter(filter, parseArtifactField));
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 10_000)
    throw invalidArgument("limit", "a whole number from 1 to 10,000", limit);
  const sum = sumOf([name ?? null, type ?? null, filter, orderBy]);
  const matches: RowTest = (row) => (type === undefined || row.tag("type") === type) && test(row);
  const after = query.pageToken === undefined ? undefined : pageEnd(query.pageToken, sum);
  return { name, limit, signal, orderBy, matches, sum, after };
}

/** The last version of a page. */
interface PageEnd {
  readonly name: string;
  readonly version: string;
}

function pageEnd(token: unknown, sum: string): PageEnd {
  const bad = (why: string): LedgerError =>
    new LedgerError("INVALID_ARGUMENT", `pageToken ${why}`, { field: "pageToken", received: typeof token });
  const [, of, name = "", version = ""] =
    (typeof token === "string" && /^([0-9a-f]{8}):([^:@]{1,1000}):(v\d{1,8}(?:\.[0-9a-z]{1,64})?)$/.exec(token)) || [];
  if (of === undefined) throw bad("is not a token from searchArtifacts");
  if (of !== sum) throw bad("is from another search: name, type, filter and orderBy must stay the same");
  return { name, version };
}

function sumOf(query: unknown): string {
  return crc32(utf8Encoder().encode(JSON.stringify(query)))
    .toString(16)
    .padStart(8, "0");
}
