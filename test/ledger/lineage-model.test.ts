import { expect, test } from "vitest";
import { lineageKey } from "../../src/compare/index.ts";
import { openLedger, type RunRecord } from "../../src/index.ts";
import { createTestLedger } from "../../src/testing/index.ts";
import { rounds } from "../rounds.ts";
import { seededRandom } from "../seeded-random.ts";

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly kind: string;
}

const versionKey = ({ name, version }: { readonly name: string; readonly version: string }): string =>
  `${name}:${version}`;

/** Every edge of a ledger, from the records. */
function edgesOf(records: readonly RunRecord[]): Edge[] {
  return records.flatMap(({ id, artifacts, inputs, datasets, parent, forkOf }) => [
    ...artifacts.map((version) => ({ from: id, to: versionKey(version), kind: "made" })),
    ...inputs.map((version) => ({ from: versionKey(version), to: id, kind: "used" })),
    ...datasets.map(({ name, digest }) => ({ from: `${name}@${digest}`, to: id, kind: "used" })),
    ...(parent === undefined ? [] : [{ from: parent, to: id, kind: "parent" }]),
    ...(forkOf === undefined ? [] : [{ from: forkOf.run, to: id, kind: "forked" }]),
  ]);
}

/** What the question finds, by looking at every edge again and again. */
function follow(all: readonly Edge[], start: string, up: boolean, depth: number): { keys: string[]; edges: Edge[] } {
  const distance = new Map([[start, 0]]);
  const edges: Edge[] = [];
  for (let level = 0; level < depth; level++) {
    for (const edge of all) {
      const [here, there] = up ? [edge.to, edge.from] : [edge.from, edge.to];
      if (distance.get(here) !== level) continue;
      edges.push(edge);
      if (!distance.has(there)) distance.set(there, level + 1);
    }
  }
  return { keys: [...distance.keys()], edges };
}

const textsOf = (edges: readonly Edge[]): string[] =>
  [...new Set(edges.map(({ from, kind, to }) => `${from} ${kind} ${to}`))].sort();

test("lineage finds what the records of all runs say, wherever they are stored", async () => {
  for (let seed = 0; seed < rounds(1, 20); seed++) {
    const random = seededRandom(seed + 1);
    const below = (limit: number): number => Math.floor(random() * limit);
    const pick = <T>(of: readonly T[]): T => of[below(of.length)]!;
    const { ledger, backend } = await createTestLedger({ seed });
    const ids: string[] = [];
    const refs: string[] = [];
    const resumed = new Set<string>();
    for (let i = 0; i < 36; i++) {
      const isResumed = ids.length > 3 && random() < 0.2;
      const origin = ids.length > 0 ? pick(ids) : undefined;
      const run = isResumed
        ? await ledger.resumeRun(pick(ids))
        : await ledger.startRun({
            id: `r${i}`,
            experiment: pick(["a", "b"]),
            ...(origin !== undefined && random() < 0.3 && { parent: origin }),
            ...(origin !== undefined && random() < 0.2 && { forkOf: { run: origin, step: 0 } }),
          });
      if (isResumed) resumed.add(run.id);
      else ids.push(run.id);
      for (let n = below(3); n > 0 && refs.length > 0; n--) await run.useArtifact(pick(refs));
      for (let n = below(2); n > 0; n--) {
        const { name, version } = await run.logArtifact(pick(["x", "y"]), { text: `${i} ${n}` });
        refs.push(`${name}:${version}`);
      }
      if (random() < 0.5) await run.logDataset(pick(["d", "e"]), { digest: String(below(3)) });
      await run.finish();
      if (random() < 0.1) {
        await ledger.searchRuns();
        await ledger.close();
      }
    }
    const records = await Promise.all(ids.map((id) => ledger.getRun(id)));
    const all = edgesOf(records);
    const reader = await openLedger(backend);
    for (let question = 0; question < 20; question++) {
      const start = pick([...ids, ...refs]);
      const depth = below(6);
      const direction = pick(["up", "down", "both"] as const);
      const found = await reader.lineage(start, { direction, depth });
      const expected = [true, false].flatMap((up) =>
        direction === (up ? "down" : "up") ? [] : [follow(all, start, up, depth)],
      );
      const keys = new Set(expected.flatMap((each) => each.keys));
      const where = `seed ${seed}: ${start}, ${direction}, ${depth}`;
      expect(found.nodes.map(lineageKey).sort(), where).toEqual([...keys].sort());
      const own = [...resumed].filter((id) => keys.has(id)).map((id) => ({ from: id, to: id, kind: "resumed" }));
      expect(textsOf(found.edges), where).toEqual(textsOf([...expected.flatMap(({ edges }) => edges), ...own]));
    }
  }
});
