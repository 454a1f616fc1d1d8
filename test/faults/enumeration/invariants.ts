import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { type Ledger, openLedger, type RunRecord } from "../../../src/index.ts";
import { createTestClock, seededIds, type TestClock } from "../../../src/testing/index.ts";
import type { KnownRun, LoggedRow, Oracle } from "./oracle.ts";
import { type Place, START } from "./places.ts";
import { asText } from "./workload.ts";

/** A place as a new process finds it, later. */
class Visit {
  readonly place: Place;
  readonly oracle: Oracle;
  readonly clock: TestClock = createTestClock(START);
  readonly wrong: string[] = [];
  ledger!: Ledger;

  constructor(place: Place, oracle: Oracle) {
    this.place = place;
    this.oracle = oracle;
  }

  async open(seed: number): Promise<this> {
    this.ledger = await openLedger(this.place.open(this.clock), {
      clock: this.clock,
      ids: seededIds(seed, () => this.clock.now()),
      onError: () => {},
    });
    return this;
  }

  /** Reads everything, and holds it against what is known. `by`: one run at a time, or all at once. Gives all the points as text. */
  async readAll(by: "getRun" | "searchRuns"): Promise<{ text: string; records: Map<string, RunRecord> }> {
    const { ledger, oracle } = this;
    const found =
      by === "searchRuns"
        ? (await ledger.searchRuns({ limit: 1000 })).runs
        : await Promise.all((await this.#ids()).map((id) => ledger.getRun(id)));
    await ledger.close();
    const records = new Map(found.map((record) => [record.id, record]));
    for (const record of found) if (oracle.runs.every(({ id }) => id !== record.id)) await this.#unknown(record);
    let text = "";
    for (const known of oracle.runs) {
      const record = records.get(known.id);
      if (record === undefined) this.wrong.push(`run ${known.id} is not found`);
      else text += await this.#run(known, record, by === "searchRuns");
    }
    return { text, records };
  }

  async #ids(): Promise<string[]> {
    const keys = [...(await this.place.contents()).keys()];
    return keys.flatMap((key) => /^runs\/(\w+)\/run\.created\.json$/.exec(key)?.[1] ?? []);
  }

  async #unknown(record: RunRecord): Promise<void> {
    if (!this.oracle.mayHaveUnknownRuns) this.wrong.push(`nobody began ${record.id}`);
    if ((await this.ledger.histories(record.id)).size > 0) this.wrong.push(`nobody logged to ${record.id}`);
  }

  async #run(known: KnownRun, record: RunRecord, artifacts: boolean): Promise<string> {
    const { wrong } = this;
    const histories = await this.ledger.histories(known.id);
    const n = histories.get("n");
    const found = new Set(n?.values);
    if (found.size !== (n?.values.length ?? 0)) wrong.push("a row is there twice");

    // Of each writer the beginning of what it logged is there, as far at least as it was told.
    const rows: LoggedRow[] = [];
    for (const [i, { rows: logged, acknowledged }] of known.sessions.entries()) {
      const present = logged.filter(({ metrics }) => found.delete(metrics.get("n") as number));
      if (present.length < acknowledged)
        wrong.push(`of writer ${i} ${acknowledged} rows were acknowledged, ${present.length} are there`);
      if (present.some((row, at) => row !== logged[at])) wrong.push(`of writer ${i} rows are missing between others`);
      rows.push(...present);
    }
    if (found.size > 0) wrong.push(`rows nobody logged: ${[...found].join()}`);

    const expected = seriesOf(rows);
    const names = [...histories.keys()].sort();
    if (!isDeepStrictEqual(names, [...expected.keys()].sort()))
      wrong.push(`metrics ${names.join()} instead of ${[...expected.keys()].join()}`);
    for (const [name, points] of expected) {
      const series = histories.get(name);
      const sorted = points.toSorted((a, b) => a.step - b.step);
      const same =
        series?.values.length === sorted.length &&
        sorted.every(
          ({ value, step, time }, i) =>
            Object.is(series.values[i], value) && series.steps[i] === step && series.times[i] === time,
        );
      if (!same)
        wrong.push(
          `${name} is [${String(series?.values)}] at [${String(series?.steps)}] instead of ${JSON.stringify(sorted)}`,
        );
      this.#summary(name, points, record);
    }
    if (Object.keys(record.metrics).length !== expected.size)
      wrong.push("the record has other metrics than the history");

    if (!isDeepStrictEqual(record.params, known.params))
      wrong.push(`params ${JSON.stringify(Object.keys(record.params))}`);
    const tags = known.sessions.flatMap((session) => session.tags.slice(0, session.acknowledgedTags));
    const possible = new Set(["begun", ...known.sessions.flatMap((session) => session.tags.map(([, value]) => value))]);
    if (!possible.has(record.tags["stage"] as string) || (tags.length > 0 && record.tags["stage"] === "begun"))
      wrong.push(`tag ${record.tags["stage"]}`);
    if (record.dropped !== 0) wrong.push("points were dropped");
    if (record.damage.some(({ kind }) => kind !== "torn-tail")) wrong.push(`damage ${JSON.stringify(record.damage)}`);
    if (artifacts) for (const [ref, content] of known.artifacts) await this.#artifact(ref, content, record);
    return `${[...histories].map(([name, { values, steps, times }]) => `${name} ${values.join()} ${steps.join()} ${times.join()}`).join("\n")}\n`;
  }

  #summary(name: string, points: readonly Found[], record: RunRecord): void {
    const summary = record.metrics[name];
    const numbers = points.filter(({ value }) => !Number.isNaN(value));
    const least = numbers.reduce<Found | undefined>(
      (best, each) => (best === undefined || each.value < best.value ? each : best),
      undefined,
    );
    const most = numbers.reduce<Found | undefined>(
      (best, each) => (best === undefined || each.value > best.value ? each : best),
      undefined,
    );
    const told = [summary?.count, summary?.last, summary?.min?.value, summary?.max?.value];
    const last = points.toSorted((a, b) => a.step - b.step).at(-1);
    if (!isDeepStrictEqual(told, [points.length, last, least?.value, most?.value]))
      this.wrong.push(`the record tells of ${name}: ${JSON.stringify(summary)}`);
  }

  async #artifact(ref: string, content: string, record: RunRecord): Promise<void> {
    const { wrong, ledger } = this;
    try {
      const artifact = await ledger.openArtifact(ref);
      if (new TextDecoder().decode(await artifact.read()) !== content) wrong.push(`${ref} holds something else`);
      if (!(await artifact.verify()).intact) wrong.push(`${ref} does not verify`);
      const { name, digest } = artifact.version;
      const same = await ledger.openArtifact(`${name}@${digest}`);
      if (same.version.digest !== digest) wrong.push(`${name}@${digest} finds ${same.version.version}`);
      const best = await ledger.openArtifact(`${name}:best`);
      if (!best.version.aliases.includes("best")) wrong.push(`${name}:best is ${best.version.version}`);
      if (
        record.artifacts.every(
          ({ name, version, digest }) => `${name}:${version}` !== ref || digest !== artifact.version.digest,
        )
      )
        wrong.push(`the run does not name ${ref}`);
    } catch (error) {
      wrong.push(`${ref}: ${String(error)}`);
    }
  }

  /** Objects are whole, under the right name, and what was left half done is bounded. */
  objects(contents: ReadonlyMap<string, Uint8Array>): void {
    let loose = 0;
    for (const [key, bytes] of contents) {
      const hex = /^blobs\/sha256\/..\/(.{64})$/.exec(key)?.[1];
      if (hex !== undefined && createHash("sha256").update(bytes).digest("hex") !== hex)
        this.wrong.push(`${key} holds something else`);
      if (key.endsWith(".json")) {
        try {
          JSON.parse(new TextDecoder().decode(bytes));
        } catch {
          this.wrong.push(`${key} is not whole`);
        }
      }
      if (!/^(?:ledger\.json$|runs\/|artifacts\/|blobs\/|experiments\/)/.test(key)) loose++;
    }
    // One process died at most, in the middle of one write.
    if (loose > 1) this.wrong.push(`left over: ${[...contents.keys()].join()}`);
  }
}

interface Found {
  readonly value: number;
  readonly step: number;
  readonly time: number;
}

/** Points by metric, in the order of logging. */
function seriesOf(rows: readonly LoggedRow[]): Map<string, Found[]> {
  const series = new Map<string, Found[]>();
  for (const { metrics, step, time } of rows) {
    for (const [name, value] of metrics) series.set(name, [...(series.get(name) ?? []), { value, step, time }]);
  }
  return series;
}

/** Searches may leave the catalogue in better order than they found it. */
function withoutCatalog(contents: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  return new Map([...contents].filter(([key]) => !key.startsWith("experiments/")));
}

function sameBytes(a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): boolean {
  return (
    a.size === b.size &&
    [...a].every(([key, bytes]) => Buffer.compare(bytes, b.get(key) ?? new Uint8Array(bytes.length + 1)) === 0)
  );
}

/** What a session tells of itself must add up, whatever went wrong. */
function stats(oracle: Oracle, wrong: string[]): void {
  for (const { sessions } of oracle.runs) {
    for (const { run, rows, finish } of sessions) {
      const logged = rows.reduce((sum, { metrics }) => sum + metrics.size, 0);
      const { points, acknowledged, buffered, dropped } = run.stats;
      if (points !== logged || acknowledged + buffered + dropped !== logged || dropped !== 0)
        wrong.push(`${logged} points were logged, the run tells ${JSON.stringify(run.stats)}`);
      if (finish === "done" && buffered !== 0) wrong.push("a run was finished with points in its buffer");
    }
  }
}

/** Whether a run that nobody writes to any more may be told to have this status. */
const isEnd = (status: string, { sessions, mayBeOpen = false }: KnownRun, staleLists: boolean): boolean =>
  (mayBeOpen && status === "interrupted") ||
  (sessions.some(({ finish }) => finish === "done")
    ? // Who cannot see in a listing that another has joined cannot finish the run for both.
      status === "finished" ||
      (staleLists && status === "interrupted" && sessions.some(({ finish }) => finish !== "done"))
    : sessions.some(({ finish }) => finish === "tried")
      ? status === "finished" || status === "interrupted"
      : status === "interrupted");

/**
 * Everything that is wrong with a place after a workload, as text; nothing when all promises held. `late` lets what is still under
 * way land once all has been recovered: a writer may wake up that late. `staleLists`: a listing did not show what was there.
 */
export async function violations(
  place: Place,
  oracle: Oracle,
  { late, staleLists = false }: { late?: () => Promise<void>; staleLists?: boolean } = {},
): Promise<string[]> {
  const visit = await new Visit(place, oracle).open(900);
  const { wrong } = visit;
  stats(oracle, wrong);
  const before = withoutCatalog(await place.contents());
  visit.objects(await place.contents());
  const { text: points, records } = await visit.readAll("searchRuns");
  for (const known of oracle.runs) {
    const status = records.get(known.id)?.status ?? "";
    // Still open, as far as anybody can tell: what recovery would close as interrupted.
    if (!isEnd(status === "running" ? "interrupted" : status, known, staleLists))
      wrong.push(`before recovery it is ${status}`);
  }
  if (!sameBytes(before, withoutCatalog(await place.contents()))) wrong.push("reading changed something");

  await visit.ledger.recover();
  const recovered = await place.contents();
  for (const [key, bytes] of before) {
    const after = recovered.get(key);
    // What a compaction has made superfluous goes; that nothing was lost with it shows below.
    if (
      after === undefined
        ? !/\/(?:journal\/|metrics[.-]|run\.\d{4}\.json$)/.test(key)
        : Buffer.compare(bytes, after) !== 0
    )
      wrong.push(`recovery changed ${key}`);
  }
  const { text, records: closed } = await visit.readAll("getRun");
  if (text !== points) wrong.push("recovery changed points");
  for (const record of closed.values()) {
    const known = oracle.runs.find(({ id }) => id === record.id);
    if (known ? !isEnd(record.status, known, staleLists) : record.status !== "interrupted")
      wrong.push(`after recovery it is ${record.status}`);
  }
  const again = await new Visit(place, oracle).open(901);
  const { interrupted, running } = await again.ledger.recover();
  if (interrupted.length + running.length > 0 || !sameBytes(recovered, await place.contents()))
    wrong.push("recovering again changed something");
  await withoutDocuments(recovered, closed, wrong);

  if (late === undefined) return wrong;
  await late();
  const woken = await new Visit(place, oracle).open(902);
  await woken.readAll("getRun");
  // What nobody was told of and came behind the end of a run, searches learn when it is closed again.
  await woken.ledger.recover();
  await woken.readAll("searchRuns");
  return [...wrong, ...woken.wrong];
}

/** The documents of runs that are not compacted are a cache: without them the same is read. */
async function withoutDocuments(
  contents: ReadonlyMap<string, Uint8Array>,
  records: ReadonlyMap<string, RunRecord>,
  wrong: string[],
): Promise<void> {
  const journals = memoryBackend();
  journals.restore(
    new Map(
      [...contents].filter(([key]) => /^(?:ledger\.json$|runs\/)/.test(key) && !/\/run(?:\.\d+)?\.json$/.test(key)),
    ),
  );
  const ledger = await openLedger(journals, { onError: () => {} });
  for (const [id, record] of records) {
    if ([...contents.keys()].some((key) => key.startsWith(`runs/${id}/metrics`))) continue;
    const { damage: _, ...rest } = await ledger.getRun(id);
    const { damage: __, ...told } = record;
    if (!isDeepStrictEqual(rest, told))
      wrong.push(`the document tells ${asText(record)}, the journals ${asText(await ledger.getRun(id))}`);
  }
}
