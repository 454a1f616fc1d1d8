import type { LinkedRuns } from "../catalog/read-links.ts";
import { type RunLinks, versionRefOf } from "../catalog/run-links.ts";
import { type Lineage, type LineageEdge, lineageKey, type LineageNode } from "../compare/lineage/lineage.ts";
import { breakIfDue, inSlices } from "../platform/event-loop.ts";
import { sortInPieces } from "../platform/sort-in-pieces.ts";

const MAX_NODES = 10_000;
const MAX_EDGES = 100_000;
/** How many neighbours are added before the walk looks whether it has to pause. */
const STEPS_AT_ONCE = 64;

/** A neighbour of a node, and how one led to the other. */
interface Step {
  readonly node: LineageNode;
  readonly kind: LineageEdge["kind"];
}

/** Returns the run that a version itself says logged it first, for those of the versions that say so. */
export type FirstMakers = (refs: readonly string[]) => Promise<ReadonlyMap<string, string>>;

/** Follows links from a node. Nothing is visited twice, so circles end. */
export class LineageWalk {
  readonly #runs: LinkedRuns;
  readonly #start: LineageNode;
  readonly #signal: AbortSignal | undefined;
  readonly #firstMakers: FirstMakers;
  readonly #nodes = new Map<string, LineageNode>();
  readonly #edges = new Map<string, LineageEdge>();
  #isTruncated = false;

  constructor(
    runs: LinkedRuns,
    start: LineageNode,
    signal: AbortSignal | undefined,
    firstMakers: FirstMakers = async () => new Map(),
  ) {
    this.#firstMakers = firstMakers;
    this.#runs = runs;
    this.#start = start;
    this.#signal = signal;
    this.#add(start);
  }

  /** Adds what leads to the start (`up`), or comes of it (`down`), up to a number of edges. */
  async follow(direction: "up" | "down", depth: number): Promise<void> {
    const seen = new Set([lineageKey(this.#start)]);
    let front: readonly LineageNode[] = [this.#start];
    let steps = 0;
    for (let level = 0; level < depth && front.length > 0; level++) {
      const next: LineageNode[] = [];
      const firstMakers = direction === "up" ? await this.#unlinkedMakers(front) : new Map<string, string>();
      for (const node of front) {
        const known = await this.#steps(node, direction);
        const first = node.kind === "artifact" ? firstMakers.get(node.ref) : undefined;
        for (const { node: other, kind } of first === undefined ? known : this.#withMaker(known, first)) {
          if (++steps % STEPS_AT_ONCE === 0) {
            this.#signal?.throwIfAborted();
            await breakIfDue();
          }
          const key = lineageKey(other);
          if (!this.#add(other)) continue;
          const [from, to] = direction === "up" ? [key, lineageKey(node)] : [lineageKey(node), key];
          this.#connect({ from, to, kind });
          if (seen.size < seen.add(key).size) next.push(other);
        }
      }
      front = next;
    }
  }

  /**
   * Finds who made versions that no run of the ledger says it made, because the run is gone, and of the start in any
   * case.
   */
  async #unlinkedMakers(front: readonly LineageNode[]): Promise<ReadonlyMap<string, string>> {
    const refs = front.flatMap((node) => {
      if (node.kind !== "artifact") return [];
      return node === this.#start || this.#runs.makersOf(node.ref).length === 0 ? [node.ref] : [];
    });
    return refs.length === 0 ? new Map() : await this.#firstMakers(refs);
  }

  #withMaker(known: readonly Step[], id: string): readonly Step[] {
    if (known.some(({ node }) => node.kind === "run" && node.id === id)) return known;
    return [{ node: this.#runOf(id), kind: "made" }, ...known];
  }

  #runOf(id: string): LineageNode {
    const links = this.#runs.run(id);
    return links ? runNode(links) : { kind: "run", id, name: id };
  }

  async lineage(): Promise<Lineage> {
    const edges = sortInPieces(
      [...this.#edges.values()],
      (a, b) => compare(a.from, b.from) || compare(a.to, b.to) || compare(a.kind, b.kind),
    );
    return {
      nodes: [...this.#nodes.values()],
      edges: await inSlices(edges),
      ...(this.#isTruncated && { truncated: true }),
    };
  }

  /** Adds a node, and returns whether it is there. */
  #add(node: LineageNode): boolean {
    const key = lineageKey(node);
    if (this.#nodes.has(key)) return true;
    if (this.#nodes.size === MAX_NODES) {
      this.#isTruncated = true;
      return false;
    }
    this.#nodes.set(key, node);
    if (node.kind === "run" && this.#runs.run(node.id)?.isResumed)
      this.#connect({ from: key, to: key, kind: "resumed" });
    return true;
  }

  #connect(edge: LineageEdge): void {
    const key = JSON.stringify([edge.from, edge.to, edge.kind]);
    if (this.#edges.has(key)) return;
    if (this.#edges.size === MAX_EDGES) this.#isTruncated = true;
    else this.#edges.set(key, edge);
  }

  /** Returns the neighbours in a direction, in an order that does not depend on how they are stored. */
  async #steps(node: LineageNode, direction: "up" | "down"): Promise<readonly Step[]> {
    const runs = this.#runs;
    if (node.kind === "run") {
      const links = runs.run(node.id);
      if (direction === "up") return links ? await this.#causes(links) : [];
      const made = links ? links.made.map((version) => ({ node: versionNode(version), kind: "made" }) as const) : [];
      const children = runs
        .childrenOf(node.id)
        .flatMap((child): Step[] => [
          ...(child.parent === node.id ? [{ node: runNode(child), kind: "parent" } as const] : []),
          ...(child.forkOf === node.id ? [{ node: runNode(child), kind: "forked" } as const] : []),
        ]);
      return await sorted([...made, ...children]);
    }
    if (node.kind === "artifact") {
      return direction === "up"
        ? runs.makersOf(node.ref).map((links) => ({ node: runNode(links), kind: "made" }))
        : runs.laterUsersOf(node.ref).map((links) => ({ node: runNode(links), kind: "used" }));
    }
    if (direction === "up") return [];
    return runs.ofDataset(node.name, node.digest).map((links) => ({ node: runNode(links), kind: "used" }));
  }

  #causes({ parent, forkOf, used, made, datasets }: RunLinks): Promise<readonly Step[]> {
    const known = new Set([...made, ...used].map(versionRefOf));
    return sorted([
      ...used.map((version) => ({ node: versionNode(version), kind: "used" }) as const),
      ...datasets.flatMap(({ name, digest, artifact }): Step[] => [
        { node: { kind: "dataset", name, digest }, kind: "used" },
        // A stored data set is a version, too.
        ...(artifact !== undefined && !known.has(artifact)
          ? [{ node: { kind: "artifact", ref: artifact, digest }, kind: "used" } as const]
          : []),
      ]),
      ...(parent === undefined ? [] : [{ node: this.#runOf(parent), kind: "parent" } as const]),
      ...(forkOf === undefined ? [] : [{ node: this.#runOf(forkOf), kind: "forked" } as const]),
    ]);
  }
}

const runNode = ({ id, name, isDeleted }: RunLinks): LineageNode => ({
  kind: "run",
  id,
  name,
  ...(isDeleted && { deleted: true }),
});

const versionNode = (version: RunLinks["made"][number]): LineageNode => ({
  kind: "artifact",
  ref: versionRefOf(version),
  digest: version.digest,
});

function sorted(steps: readonly Step[]): Promise<readonly Step[]> {
  const keyed = steps.map((step) => ({ ...step, key: lineageKey(step.node) }));
  return inSlices(sortInPieces(keyed, (a, b) => compare(a.key, b.key) || compare(a.kind, b.kind)));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
