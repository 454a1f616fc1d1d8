import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { openLedger, type RunQuery } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { compareRecords } from "runledger/compare";
import { createTestLedger } from "runledger/testing";
import { membersFromColumns } from "../../src/catalog/found-records.ts";
import { Segment } from "../../src/catalog/segment.ts";
import { parseSegmentName } from "../../src/catalog/segment-name.ts";
import { compileFilter } from "../../src/filter/compile-filter.ts";
import { parseFilter } from "../../src/filter/parse-filter.ts";
import { recordRow } from "../../src/filter/filter-row.ts";
import { isRunRecord } from "../../src/journal/is-run-record.ts";
import { attributeValue, fixedAttributes, type RunAttribute, runAttributes } from "../../src/journal/run-attributes.ts";
import type { RunRecord } from "../../src/journal/run-record.ts";
import { storeSegment } from "../catalog/many-runs.ts";
import { type Part, record } from "../compare/records.ts";

const STATUSES = ["finished", "failed", "killed", "interrupted"];
const EXPERIMENT = "attributes";

/** A value that few other runs have. */
function valueOf({ member, type }: RunAttribute, run: number): string | number {
  if (member === "dirty") return String(run % 2 === 0);
  if (member === "id") return `r${run}`;
  if (member === "experiment") return EXPERIMENT;
  if (member === "status") return STATUSES[run % STATUSES.length]!;
  return type === "text" ? `${member} ${run}` : 1_700_000_000_000 + 1000 * run + member.length;
}

const NOTHING_KNOWN = {
  engine: "git",
  remotes: [],
  changes: [],
  untracked: [],
  submodules: [],
  incomplete: [],
} as const;

/** Runs with all attributes, but the first: it lacks those that a run may lack. */
const RECORDS: readonly RunRecord[] = Array.from({ length: 9 }, (_, run) => {
  const own = runAttributes.filter(({ optional, of }) => of === undefined && (run > 0 || !optional));
  const { endTime: _ended, ...base } = record(`r${run}`);
  const code = { ...NOTHING_KNOWN, commit: `commit ${run}`, branch: `branch ${run}`, dirty: run % 2 === 0 };
  const values = Object.fromEntries(own.map((attribute) => [attribute.member, valueOf(attribute, run)]));
  return { ...base, ...values, ...(run > 0 && { code, forkOf: { run: `r${run - 1}`, step: run } }) };
});
const LAST = RECORDS.at(-1)!;

const backend = memoryBackend();
const ledger = await openLedger(backend);
const [key] = await storeSegment(
  backend,
  1,
  RECORDS.map((each) => [each.id, { endTime: undefined, ...each, metrics: {} } as Part] as const),
  { experiment: EXPERIMENT },
);
const segment = await Segment.open(backend, parseSegmentName(key!, backend.snapshot().get(key!)!.length)!, undefined);
const ROWS = RECORDS.map((_, i) => i);

async function found(query: RunQuery): Promise<string[]> {
  return (await ledger.searchRuns({ experiment: EXPERIMENT, view: "all", ...query })).runs.map(({ id }) => id);
}

const idsWith = (attribute: RunAttribute, value: unknown): string[] =>
  RECORDS.filter((each) => attributeValue(each, attribute) === value).map(({ id }) => id);

describe.each(runAttributes.map((attribute) => [attribute.member, attribute] as const))("%s", (member, attribute) => {
  const { name, aliases = [], type, optional = false, unfiltered = false, listed = false, of } = attribute;
  const value = attributeValue(LAST, attribute)!;
  const own = member as keyof RunRecord;

  test("is checked when a record is read", () => {
    expect(isRunRecord(LAST)).toBe(true);
    for (const wrong of [null, ...(member === "dirty" ? [] : [true]), {}, type === "text" ? 1 : "1"]) {
      const changed = of ? { [of]: { ...LAST[of], [member]: wrong } } : { [member]: wrong };
      expect(isRunRecord({ ...LAST, ...changed })).toBe(false);
    }
    const { [of ?? own]: _, ...without } = LAST;
    expect(isRunRecord(without)).toBe(optional);
  });

  test("is stored in its column, or has none", async () => {
    const column = member === "id" ? "run_id" : name;
    const columns = segment.directory.columns.map((each) => each.name);
    if (column === undefined) return expect(columns).not.toContain(member);
    expect(segment.column(column)?.type).toBe(type === "text" ? "string" : "int64");
    await segment.load(backend, [column], 1, undefined);
    expect(ROWS.map((row) => segment.cells(column)!.at(row) ?? undefined)).toEqual(
      RECORDS.map((each) => attributeValue(each, attribute)),
    );
  });

  test("is filtered and ordered by all its names, or by none", async () => {
    const names = name === undefined || unfiltered ? [] : [name, ...(of === "forkOf" ? [] : [member]), ...aliases];
    for (const each of names) {
      const field = `attributes."${each}"`;
      const filter = `${field} = ${type === "text" ? `'${value}'` : value}`;
      expect((await found({ filter })).toSorted()).toEqual(idsWith(attribute, value));
      const test = compileFilter(parseFilter(filter));
      expect(RECORDS.filter((one) => test(recordRow(one))).map(({ id }) => id)).toEqual(idsWith(attribute, value));
      const inOrder = await found({ orderBy: `${field} DESC` });
      const values = inOrder.map((id) =>
        attributeValue(
          RECORDS.find((one) => one.id === id)!,
          attribute,
        ),
      );
      expect(values).toEqual(RECORDS.map((one) => attributeValue(one, attribute)).toSorted(descending));
    }
    if (names.length === 0)
      await expect(found({ filter: `${name ?? member} = 1` })).rejects.toThrow("expected a field");
    else if (type === "text") {
      const filter = `${name} IN ('${value}')`;
      if (listed) expect((await found({ filter })).toSorted()).toEqual(idsWith(attribute, value));
      else await expect(found({ filter })).rejects.toThrow("expected one of");
    }
  });

  test("is read from its column if a search wants it alone, unless it is a part of a member", async () => {
    const query = { experiment: EXPERIMENT, view: "all", orderBy: "id", fields: [own] } as const;
    if (of) return await expect(ledger.searchRuns(query)).rejects.toThrow(`no member "${member}"`);
    const { runs } = await ledger.searchRuns(query);
    const wanted = RECORDS.map((one) => (one[own] === undefined ? { id: one.id } : { id: one.id, [own]: one[own] }));
    expect(runs).toEqual(wanted);
    const read = await membersFromColumns(segment, backend, ROWS, [own], 1, undefined);
    expect(read && [...read.values()]).toEqual(name === undefined ? undefined : wanted);
  });

  test("is compared, or stands in the head of a comparison, or says nothing of the run's settings", () => {
    const { attributes } = compareRecords([RECORDS[0]!, LAST]);
    const row = { path: member, keys: [member], values: [undefined, value], present: [false, true] };
    if (attribute.compared) {
      expect(attributes.differs).toContainEqual(row);
      expect(compareRecords([LAST, LAST]).attributes.same).toContainEqual({ path: member, keys: [member], value });
    } else expect(attributes.differs.map(({ path }) => path)).not.toContain(member);
  });

  test("is in the documents and in the view of SQL", async () => {
    if (name === undefined) return;
    const files = ["FORMAT.md", "docs/search.md", "src/adapters/duckdb/catalog-views.ts"];
    const [format, search, sql] = await Promise.all(files.map((file) => readFile(file, "utf8")));
    const [view] = /CREATE VIEW runs AS[^]*?FROM/.exec(sql!)!;
    expect(view).toMatch(new RegExp(`AS "?${name}"?[,\\s]`));
    expect(format).toContain(`\`${member === "id" ? "run_id" : name}\``);
    if (!unfiltered) for (const each of [name, ...aliases]) expect(search).toMatch(new RegExp(`\`"?${each}"?\``));
  });
});

/** Runs without a value come last. */
function descending(a: unknown, b: unknown): number {
  return a === b ? 0 : b === undefined || (a !== undefined && a! > b!) ? -1 : 1;
}

test.each(fixedAttributes)("startRun sets %s, and nothing changes it later", async (member) => {
  const { ledger } = await createTestLedger();
  const other = await ledger.startRun();
  const run = await ledger.startRun({ [member]: other.id });
  expect((await ledger.getRun(run.id))[member]).toBe(other.id);
  await run.finish();
  const again = await ledger.startRun({ id: run.id, resume: "allow", [member]: run.id });
  await again.finish();
  expect((await ledger.getRun(run.id))[member]).toBe(other.id);
  await expect(ledger.startRun({ [member]: "" })).rejects.toThrow(`${member} must not be empty`);
  await expect(ledger.startRun({ [member]: 1 as never })).rejects.toThrow(`${member} must be a string`);
});

test("no two attributes share a name, and none has the name of another column", () => {
  const names = runAttributes.flatMap(({ member, name = member, aliases = [] }) => [
    ...new Set([member, name, ...aliases]),
  ]);
  expect(new Set(names).size).toBe(names.length);
  const others = ["duration", "artifact_uri", "user_id", "document", "marker", "record", "datasets"];
  for (const other of others) expect(names).not.toContain(other);
});
