import { mapBounded } from "../platform/bounded.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { isCurrent, type NewestRows } from "./catalog-row.ts";
import type { OpenCatalog } from "./open-catalog.ts";
import { readCatalog } from "./read-catalog.ts";
import { runsOutsideSegments } from "./row-sources.ts";
import { LinkIndex, linksOf, type RunLinks } from "./run-links.ts";
import { segmentLinks } from "./segment-links.ts";

const SEGMENTS_AT_ONCE = 8;

/** The links of some runs, and which of them count. */
interface LinkSource {
  readonly index: LinkIndex;
  /** `undefined`: all count. */
  readonly newest: NewestRows | undefined;
}

/** The links of all runs of a ledger, deleted ones included. */
export class LinkedRuns {
  readonly #sources: readonly LinkSource[];

  constructor(sources: readonly LinkSource[]) {
    this.#sources = sources;
  }

  run(id: string): RunLinks | undefined {
    return this.#find((index) => {
      const links = index.run(id);
      return links ? [links] : [];
    })[0];
  }

  /** Returns the runs that made a version, by id. */
  makersOf(ref: string): readonly RunLinks[] {
    return this.#find((index) => index.makersOf(ref));
  }

  /** Returns the runs that used a version, also as the content of a data set, by id. */
  usersOf(ref: string): readonly RunLinks[] {
    return this.#find((index) => index.usersOf(ref));
  }

  /** Returns the same without runs that made the version themselves and used it as a data set only. */
  laterUsersOf(ref: string): readonly RunLinks[] {
    return this.#find((index) => index.laterUsersOf(ref));
  }

  /** Returns the runs that used a data set, by id. */
  ofDataset(name: string, digest: string): readonly RunLinks[] {
    return this.#find((index) => index.ofDataset(name, digest));
  }

  /** Returns the runs that used any data set, by id. */
  withDatasets(): readonly RunLinks[] {
    return this.#find((index) => index.withDatasets());
  }

  /** Returns the runs that made or used a version of this digest, or used a data set of it, by id. */
  ofDigest(digest: string): readonly RunLinks[] {
    return this.#find((index) => index.ofDigest(digest));
  }

  /** Returns the children and the forks of a run, by id. */
  childrenOf(id: string): readonly RunLinks[] {
    return this.#find((index) => index.childrenOf(id));
  }

  #find(of: (index: LinkIndex) => readonly RunLinks[]): readonly RunLinks[] {
    const found = new Map<string, RunLinks>();
    for (const { index, newest } of this.#sources) {
      for (const links of of(index))
        if (newest === undefined || isCurrent(newest, links.id, links.document, links.marker))
          found.set(links.id, links);
    }
    return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}

/** Returns the links of all runs. Reads columns of the segments once, and the runs that are in no segment. */
export async function readLinks<T>(
  context: CatalogContext,
  signal: AbortSignal | undefined,
  read: (runs: LinkedRuns) => Promise<T>,
): Promise<T> {
  return await readCatalog(
    context,
    undefined,
    signal,
    async (catalog) => {
      return await read(new LinkedRuns(await sourcesOf(context, catalog, signal)));
    },
    false,
  );
}

async function sourcesOf(
  context: CatalogContext,
  catalog: OpenCatalog,
  signal: AbortSignal | undefined,
): Promise<LinkSource[]> {
  const loose = new LinkIndex();
  for await (const rows of runsOutsideSegments(context, catalog, signal)) {
    for (const row of rows) {
      loose.add(linksOf(row));
      await breakIfDue();
    }
  }
  const segments = catalog.experiments.flatMap(({ segments: own, newest }) =>
    own.map((segment) => ({ segment, newest: newest.size > 0 ? newest : undefined })),
  );
  const stored = await mapBounded(segments, SEGMENTS_AT_ONCE, signal, async ({ segment, newest }, stop) => ({
    index: await segmentLinks(context.backend, segment, stop),
    newest,
  }));
  return [{ index: loose, newest: undefined }, ...stored];
}
