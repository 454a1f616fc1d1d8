import { decodeSegment, encodeSegment } from "../../src/backend/key.ts";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { SegmentCache } from "../../src/catalog/segment-cache.ts";
import { parseSegmentName } from "../../src/catalog/segment-name.ts";
import { type Backend, type Ledger, LedgerError, type MediaEntry, openLedger } from "../../src/index.ts";
import { ID_PATTERN } from "../../src/journal/run-id.ts";
import { parseRunDocumentKey } from "../../src/journal/run-document.ts";
import { readRunDocument } from "../../src/journal/read-run-document.ts";
import { openOverview } from "../../src/series/overview/overview-reader.ts";

/** Data by name. */
export type Tree = { [name: string]: unknown };

/** What the library reads from a ledger in a directory, in the shape that `README.md` describes for readers. */
export async function expected(directory: string): Promise<Tree> {
  const backend = fsBackend(directory);
  let ledger: Ledger;
  try {
    ledger = await openLedger(backend, { onError: () => {} });
  } catch (error) {
    return { error: codeOf(error) };
  }
  const keys: string[] = [];
  for await (const { key } of backend.list("")) keys.push(key);
  const runs: Tree = Object.create(null) as Tree;
  for (const id of namesBelow(keys, "runs")) {
    const run = ID_PATTERN.test(id) ? await readRun(ledger, id) : undefined;
    if (run) runs[id] = run;
  }
  const artifacts: Tree = Object.create(null) as Tree;
  for (const segment of namesBelow(keys, "artifacts")) {
    const name = decodeSegment(segment);
    if (encodeSegment(name, "name") !== segment) continue;
    const versions = await readVersions(ledger, name);
    if (versions.length > 0) artifacts[name] = versions;
  }
  return {
    runs,
    artifacts,
    overviews: await readOverviews(backend, keys, runs),
    segments: await readSegments(backend, keys),
  };
}

function namesBelow(keys: readonly string[], prefix: string): Set<string> {
  return new Set(keys.flatMap((key) => (key.startsWith(`${prefix}/`) ? key.split("/")[1]! : [])));
}

function codeOf(error: unknown): string {
  if (LedgerError.is(error)) return error.code;
  throw error;
}

async function readRun(ledger: Ledger, id: string): Promise<Tree | undefined> {
  let record: Tree;
  try {
    const { damage, ...rest } = await ledger.getRun(id);
    record = { ...rest, damage: damage.map(({ message: _message, ...place }) => place) };
  } catch (error) {
    const code = codeOf(error);
    return code === "RUN_NOT_FOUND" ? undefined : { error: code };
  }
  return {
    record,
    ...(await readBothViews(ledger, id)),
    media: await orCode(() => readMedia(ledger, id)),
  };
}

/** What `read` gives, or the code of its error. A run that has a record is there, whatever it lacks. */
async function orCode<T>(read: () => Promise<T>): Promise<T | string> {
  try {
    return await read();
  } catch (error) {
    const code = codeOf(error);
    return code === "RUN_NOT_FOUND" ? "CORRUPT" : code;
  }
}

/** The histories, and those that differ without replaced points. */
async function readBothViews(ledger: Ledger, id: string): Promise<Tree> {
  const histories = await orCode(() => readHistories(ledger, id, "all"));
  const latest = await orCode(() => readHistories(ledger, id, "latest"));
  if (typeof histories === "string" || typeof latest === "string")
    return { histories, ...(latest !== histories && { latest }) };
  const changed = Object.keys(histories).filter(
    (key) => JSON.stringify(histories[key]) !== JSON.stringify(latest[key]),
  );
  if (changed.length === 0) return { histories };
  const found: Tree = Object.create(null) as Tree;
  for (const key of changed) found[key] = latest[key] ?? null;
  return { histories, latest: found };
}

async function readHistories(ledger: Ledger, id: string, view: "all" | "latest"): Promise<Tree> {
  const histories: Tree = Object.create(null) as Tree;
  for (const [key, { steps, times, values }] of await ledger.histories(id, undefined, { damaged: "skip", view }))
    histories[key] = { steps: base64(steps), times: base64(times), values: base64(values) };
  return histories;
}

async function readMedia(ledger: Ledger, id: string): Promise<Tree[]> {
  const media: Tree[] = [];
  for (const entry of await ledger.media(id, { damaged: "skip" }))
    media.push({ ...entry, ...(await readContent(ledger, entry)) });
  return media;
}

async function readContent(ledger: Ledger, entry: MediaEntry): Promise<Tree> {
  try {
    const { type, ...content } = await ledger.openMedia(entry);
    if (type === "text") return { content: "intact", value: (content as { text: string }).text };
    if (type === "image") return { content: "intact" };
    return { content: "intact", value: plainCells(content as Tree) };
  } catch (error) {
    codeOf(error);
    return { content: "damaged" };
  }
}

/** A table with dates as `{ date: ms }`; a histogram as it is. */
function plainCells(value: Tree): Tree {
  const { columns, names, ...rest } = value as { columns?: { [name: string]: readonly unknown[] }; names?: string[] };
  if (columns === undefined || names === undefined) return value;
  const toPlain = (cell: unknown): unknown => (cell instanceof Date ? { date: cell.getTime() } : cell);
  return { ...rest, names, columns: names.map((name) => columns[name]!.map(toPlain)) };
}

async function readVersions(ledger: Ledger, name: string): Promise<Tree[]> {
  const versions: Tree[] = [];
  for (const version of await ledger.artifactVersions(name)) {
    try {
      const opened = await ledger.openArtifact({ ...version });
      const { problems } = await opened.verify();
      const broken = new Set(problems.map(({ key }) => key.slice(key.lastIndexOf("/") + 1)));
      const files: Tree[] = [];
      for await (const file of opened.files())
        files.push({ ...file, content: broken.has(file.digest.slice("sha256:".length)) ? "damaged" : "intact" });
      versions.push({ ...version, files });
    } catch (error) {
      versions.push({ ...version, error: codeOf(error) });
    }
  }
  return versions;
}

/** Both levels of each overview that the newest document of a readable run names. */
async function readOverviews(backend: Backend, keys: readonly string[], runs: Tree): Promise<Tree> {
  const found: Tree = Object.create(null) as Tree;
  for (const id of Object.keys(runs)) {
    const own = keys.filter((key) => key.startsWith(`runs/${id}/`));
    const newest = own.reduce((most, key) => Math.max(most, parseRunDocumentKey(key) ?? 0), 0);
    const document = newest === 0 ? undefined : await readRunDocument(backend, id, newest).catch(() => undefined);
    const overview = document?.compacted?.overview;
    if (overview === undefined || !own.includes(`runs/${id}/${overview.name}`)) continue;
    const read = (offset: number, length: number): Promise<Uint8Array> =>
      backend.read(`runs/${id}/${overview.name}`, { range: { offset, length } });
    const file = await openOverview(read, overview.size, { runId: id, name: overview.name });
    const series: Tree = Object.create(null) as Tree;
    for (const key of file.keys()) {
      const levels: Tree = { points: file.count(key) };
      for (const [name, level] of [
        ["coarser", 250],
        ["finer", 500],
      ] as const) {
        const { points, nans } = (await file.extremes(key, level))!;
        levels[name] = {
          steps: base64(points.steps),
          times: base64(points.times),
          values: base64(points.values),
          nans: [...nans.places].map((place, i) => [place, nans.steps[i]!, nans.times[i]!]),
        };
      }
      series[key] = levels;
    }
    found[id] = series;
  }
  return found;
}

/** Columns of every segment of the catalogue, by row. */
async function readSegments(backend: Backend, keys: readonly string[]): Promise<Tree> {
  const cache = new SegmentCache(backend);
  const found: Tree = Object.create(null) as Tree;
  for (const key of keys) {
    if (!/^experiments\/[^/]+\/segments\//.test(key)) continue;
    const { size } = (await backend.stat(key))!;
    const segment = await cache.open(parseSegmentName(key, size)!, undefined);
    const columns: Tree = Object.create(null) as Tree;
    const names = segment.directory.columns.map(({ name }) => name).filter((name) => name !== "record");
    await segment.load(backend, names, 1, undefined);
    for (const name of names) {
      const cells = segment.cells(name)!;
      columns[name] = Array.from({ length: segment.rows }, (_, row) => cells.at(row));
    }
    const records: string[] = [];
    for await (const page of segment.storedPages(backend, undefined))
      records.push(
        ...segment.textsOf(
          page,
          Array.from({ length: page.rows }, (_, i) => page.firstRow + i),
        ),
      );
    columns["record"] = records;
    found[key] = { rows: segment.rows, columns };
  }
  return found;
}

/** The bytes of float64, the lowest first. */
function base64(values: Float64Array): string {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat64(8 * i, value, true));
  return Buffer.from(bytes).toString("base64");
}
