import type { CatalogRow } from "./catalog-row.ts";
import type { CatalogDataset, CatalogVersion } from "./link-cells.ts";

/** What ties a run to other runs, to artifact versions and to data sets. */
export interface RunLinks extends Pick<CatalogRow, "document" | "marker"> {
  readonly id: string;
  readonly name: string;
  readonly isDeleted: boolean;
  /** Whether the run went on after it was closed. */
  readonly isResumed: boolean;
  readonly parent: string | undefined;
  readonly forkOf: string | undefined;
  /** The versions that the run made. */
  readonly made: readonly CatalogVersion[];
  /** The versions that the run used. */
  readonly used: readonly CatalogVersion[];
  readonly datasets: readonly CatalogDataset[];
}

/** Returns the links of a run whose record was read. */
export function linksOf({ record, document, marker }: CatalogRow): RunLinks {
  const { id, name, parent, forkOf, artifacts, inputs, datasets } = record;
  return {
    id,
    name,
    isDeleted: record.deletedAt !== undefined,
    isResumed: document > 1 || (document === 1 && record.status === "running"),
    parent,
    forkOf: forkOf?.run,
    made: artifacts,
    used: inputs,
    datasets,
    document,
    marker,
  };
}

/** Returns the text that identifies a version: `model:v3`. */
export function versionRefOf({ name, version }: Pick<CatalogVersion, "name" | "version">): string {
  return `${name}:${version}`;
}

const NONE: readonly RunLinks[] = [];

/** The links of many runs, by what they are tied to. */
export class LinkIndex {
  readonly #runs = new Map<string, RunLinks>();
  readonly #makers = new Map<string, RunLinks[]>();
  readonly #users = new Map<string, RunLinks[]>();
  /** The runs with a data set that is stored as a version. */
  readonly #holders = new Map<string, RunLinks[]>();
  readonly #datasets = new Map<string, RunLinks[]>();
  readonly #children = new Map<string, RunLinks[]>();

  add(links: RunLinks): void {
    this.#runs.set(links.id, links);
    for (const version of links.made) put(this.#makers, versionRefOf(version), links);
    for (const version of links.used) put(this.#users, versionRefOf(version), links);
    for (const { name, digest, artifact } of links.datasets) {
      put(this.#datasets, datasetKey(name, digest), links);
      if (artifact !== undefined) put(this.#holders, artifact, links);
    }
    for (const cause of [links.parent, links.forkOf]) if (cause !== undefined) put(this.#children, cause, links);
  }

  run(id: string): RunLinks | undefined {
    return this.#runs.get(id);
  }

  /** Returns the runs that made a version. */
  makersOf(ref: string): readonly RunLinks[] {
    return this.#makers.get(ref) ?? NONE;
  }

  /** Returns the runs that used a version, also as the content of a data set. */
  usersOf(ref: string): readonly RunLinks[] {
    const [users, holders] = [this.#users.get(ref) ?? NONE, this.#holders.get(ref) ?? NONE];
    return holders.length === 0 ? users : [...users, ...holders];
  }

  /** Returns the runs that used a version, without those that made it themselves and used it as a data set only. */
  laterUsersOf(ref: string): readonly RunLinks[] {
    const [users, holders] = [this.#users.get(ref) ?? NONE, this.#holders.get(ref) ?? NONE];
    if (holders.length === 0) return users;
    const makers = new Set(this.makersOf(ref));
    return [...users, ...holders.filter((links) => !makers.has(links))];
  }

  /** Returns the runs that used a data set. */
  ofDataset(name: string, digest: string): readonly RunLinks[] {
    return this.#datasets.get(datasetKey(name, digest)) ?? NONE;
  }

  /** Returns the runs that used any data set. */
  withDatasets(): readonly RunLinks[] {
    return [...this.#runs.values()].filter(({ datasets }) => datasets.length > 0);
  }

  /** Returns the runs that made or used a version of this digest, or used a data set of it. */
  ofDigest(digest: string): readonly RunLinks[] {
    const isOf = (each: { readonly digest: string }): boolean => each.digest === digest;
    return [...this.#runs.values()].filter(({ made, used, datasets }) =>
      [made, used, datasets].some((list: readonly { readonly digest: string }[]) => list.some(isOf)),
    );
  }

  /** Returns the runs whose parent, or of which a fork, is the run. */
  childrenOf(id: string): readonly RunLinks[] {
    return this.#children.get(id) ?? NONE;
  }
}

const datasetKey = (name: string, digest: string): string => JSON.stringify([name, digest]);

function put(map: Map<string, RunLinks[]>, key: string, links: RunLinks): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [links]);
  // A run may name the same thing several times.
  else if (known.at(-1) !== links) known.push(links);
}
