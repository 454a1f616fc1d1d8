import { type OptionNames, readOptions } from "../arguments/options.ts";
import { checkChoice } from "../arguments/choice.ts";
import type { ArtifactRef } from "../artifacts/version.ts";
import { callOptions } from "../backend/call-options.ts";
import { fatesOf, manifestOf } from "../artifacts/version-fate.ts";
import type { Backend, CallOptions } from "../backend/backend.ts";
import { catalogOf } from "../catalog/catalog-context.ts";
import { type LinkedRuns, readLinks } from "../catalog/read-links.ts";
import { type Lineage, lineageKey, type LineageNode } from "../compare/lineage/lineage.ts";
import { invalidArgument, LedgerError, reading } from "../errors/ledger-error.ts";
import type { RecordedDataset } from "../journal/recorded-dataset.ts";
import { checkName } from "../run/check-text.ts";
import { runPurged, wasPurged } from "../journal/purged.ts";
import { sealKey } from "../journal/sealing.ts";
import { mapBounded } from "../platform/bounded.ts";
import { ID_PATTERN } from "../journal/run-id.ts";
import type { RunContext } from "../run/run-context.ts";
import { versionRefOf } from "../catalog/run-links.ts";
import { isDigest } from "./is-digest.ts";
import { LineageWalk } from "./lineage-walk.ts";
import { findVersion } from "./removed-version.ts";

/** Options of `ledger.lineage`. */
interface LineageOptions extends CallOptions {
  /** `"up"`: what led to it. `"down"`: what came of it. Default `"both"`. */
  readonly direction?: "up" | "down" | "both" | undefined;
  /** The most edges from the start to a node. Default 10. */
  readonly depth?: number | undefined;
}

/** A data set that some run used, as a record has it. */
export interface DatasetStart {
  readonly dataset: Pick<RecordedDataset, "name" | "digest">;
}

const NAMES: OptionNames<LineageOptions> = { direction: true, depth: true, signal: true };
/** How many runs that are not in the ledger are looked for at a time. */
const PARALLEL = 16;
const MAX_DEPTH = 10_000;
/** How many nodes of one digest a message names. */
const MAX_SHOWN = 5;

/** Returns what led to a run or a version of an artifact, and what came of it; see `Ledger.lineage`. */
export async function readLineage(
  context: RunContext,
  start: ArtifactRef | DatasetStart,
  options: LineageOptions | undefined,
): Promise<Lineage> {
  if (typeof start !== "string" && (typeof start !== "object" || start === null))
    throw invalidArgument("ref", 'the id of a run, a reference such as "model:v3", or { dataset }', start);
  const { direction = "both", depth = 10, signal } = readOptions("lineage", options, NAMES);
  checkChoice("direction", direction, ["up", "down", "both"]);
  if (!Number.isSafeInteger(depth) || depth < 0 || depth > MAX_DEPTH)
    throw invalidArgument("depth", `a whole number from 0 to ${MAX_DEPTH}`, depth);
  return await readLinks(catalogOf(context), signal, async (runs) => {
    const { backend } = context;
    const from = await findStart(context, runs, start, signal);
    const walk = new LineageWalk(runs, from, signal, (refs) => firstMakers(backend, refs, signal));
    if (direction !== "down") await walk.follow("up", depth);
    if (direction !== "up") await walk.follow("down", depth);
    const lineage = await withoutSeals(context, runs, await walk.lineage(), signal);
    return await withRemoved(context, await withPurged(context, runs, lineage, signal), signal);
  });
}

/** Returns the runs that versions say logged them first. */
async function firstMakers(
  backend: Backend,
  refs: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Map<string, string>> {
  const fates = [...(await fatesOf(backend, refs, signal)).values()];
  const manifests = await mapBounded(fates, PARALLEL, signal, (fate, stop) => manifestOf(backend, fate, stop));
  return new Map(
    fates.flatMap(({ ref }, i) => {
      const runId = manifests[i]?.runId;
      return runId === undefined || !ID_PATTERN.test(runId) ? [] : [[ref, runId] as const];
    }),
  );
}

/** Marks the versions that were removed. */
async function withRemoved(
  { backend }: RunContext,
  lineage: Lineage,
  signal: AbortSignal | undefined,
): Promise<Lineage> {
  const refs = lineage.nodes.flatMap((node) => (node.kind === "artifact" ? [node.ref] : []));
  const fates = await fatesOf(backend, refs, signal);
  return {
    ...lineage,
    nodes: lineage.nodes.map((node) =>
      node.kind === "artifact" && fates.get(node.ref)?.isRemoved ? { ...node, removed: true } : node,
    ),
  };
}

/** Removes the edge `resumed` of runs whose second document was only stored to seal them. */
async function withoutSeals(
  { backend }: RunContext,
  runs: LinkedRuns,
  lineage: Lineage,
  signal: AbortSignal | undefined,
): Promise<Lineage> {
  const { nodes, edges } = lineage;
  const resumed = new Set(edges.flatMap(({ kind, from }) => (kind === "resumed" ? [from] : [])));
  const doubtful = nodes.filter(
    (node) => node.kind === "run" && resumed.has(lineageKey(node)) && runs.run(node.id)?.document === 2,
  );
  const sealed = new Set<string>();
  await mapBounded(doubtful, PARALLEL, signal, async (node, stop) => {
    if (node.kind === "run" && (await backend.stat(sealKey(node.id), { signal: stop }))) sealed.add(lineageKey(node));
  });
  return sealed.size === 0
    ? lineage
    : { ...lineage, edges: edges.filter(({ kind, from }) => kind !== "resumed" || !sealed.has(from)) };
}

/** Marks the runs that are not in the ledger because they were purged. */
async function withPurged(
  { backend }: RunContext,
  runs: LinkedRuns,
  lineage: Lineage,
  signal: AbortSignal | undefined,
): Promise<Lineage> {
  const lost = lineage.nodes.filter((node) => node.kind === "run" && runs.run(node.id) === undefined);
  if (lost.length === 0) return lineage;
  const purged = new Set<LineageNode>();
  await mapBounded(lost, PARALLEL, signal, async (node, stop) => {
    if (node.kind === "run" && (await wasPurged(backend, node.id, { signal: stop }))) purged.add(node);
  });
  return {
    ...lineage,
    nodes: lineage.nodes.map((node) => (node.kind === "run" && purged.has(node) ? { ...node, purged: true } : node)),
  };
}

/** Returns the node that the caller names. A text without `:` and `@` is the id of a run, or else an artifact, and
 * `sha256:…` is a digest. */
async function findStart(
  context: RunContext,
  runs: LinkedRuns,
  start: ArtifactRef | DatasetStart,
  signal: AbortSignal | undefined,
): Promise<LineageNode> {
  if (typeof start === "object" && reading("ref", () => "dataset" in start))
    return findDataset(runs, start as DatasetStart);
  const isId = typeof start === "string" && ID_PATTERN.test(start);
  const run = isId ? runs.run(start) : undefined;
  if (run) return { kind: "run", id: run.id, name: run.name, ...(run.isDeleted && { deleted: true }) };
  const ofDigest = typeof start === "string" && isDigest(start) ? findByDigest(runs, start) : undefined;
  if (ofDigest) return ofDigest;
  try {
    const version = await findVersion(context, start as ArtifactRef, "ref", signal);
    const digest = await version.digest(runs);
    if (digest !== undefined) return { kind: "artifact", ref: version.ref, digest };
    const message = `${version.ref} was removed, and nothing says any more what it was or who made it`;
    throw new LedgerError("ARTIFACT_NOT_FOUND", message, { field: "ref" });
  } catch (cause) {
    if (!isId || !LedgerError.hasCode(cause, "ARTIFACT_NOT_FOUND")) throw cause;
    if (await wasPurged(context.backend, start, callOptions(signal))) throw runPurged(start);
    const message = `there is no run and no artifact ${JSON.stringify(start)}: a data set is { dataset: { name, digest } }`;
    throw new LedgerError("RUN_NOT_FOUND", message, { field: "ref", cause });
  }
}

/**
 * Returns the one node of a digest. Throws `INVALID_ARGUMENT`, which names the nodes, if there are several, and
 * `RUN_NOT_FOUND` if there is none. Returns `undefined` if the text may be a run's id.
 */
function findByDigest(runs: LinkedRuns, digest: string): LineageNode | undefined {
  const nodes = new Map<string, LineageNode>();
  for (const { made, used, datasets } of runs.ofDigest(digest)) {
    for (const version of [...made, ...used])
      if (version.digest === digest)
        nodes.set(versionRefOf(version), { kind: "artifact", ref: versionRefOf(version), digest });
    for (const { name, digest: own } of datasets)
      if (own === digest) nodes.set(`${name}@${digest}`, { kind: "dataset", name, digest });
  }
  const [node, ...more] = nodes.values();
  if (node && more.length === 0) return node;
  if (!node && ID_PATTERN.test(digest)) return undefined;
  if (!node) {
    const message = `no run made or used a version, or used a data set, of the digest ${JSON.stringify(digest)}`;
    throw new LedgerError("RUN_NOT_FOUND", message, { field: "ref" });
  }
  const shown = [node, ...more]
    .slice(0, MAX_SHOWN)
    .map((each) =>
      each.kind === "dataset"
        ? `{ dataset: { name: ${JSON.stringify(each.name)}, digest } }`
        : JSON.stringify((each as { ref: string }).ref),
    );
  const rest = more.length + 1 - shown.length;
  const message = `ref is the digest of several: say ${shown.join(" or ")}${rest > 0 ? `, or one of ${rest} more` : ""}`;
  throw new LedgerError("INVALID_ARGUMENT", message, { field: "ref", received: "string" });
}

/** Returns the node of a data set that a run used. */
function findDataset(runs: LinkedRuns, start: DatasetStart): LineageNode {
  const { name, digest } = reading("ref", () => {
    const { dataset } = start;
    if (typeof dataset !== "object" || dataset === null)
      throw invalidArgument("ref.dataset", "an object { name, digest }", dataset);
    return {
      name: checkName(dataset.name, "ref.dataset.name"),
      digest: checkName(dataset.digest, "ref.dataset.digest"),
    };
  });
  if (runs.ofDataset(name, digest).length > 0) return { kind: "dataset", name, digest };
  const message = `no run used the data set ${JSON.stringify(name)} of this digest`;
  throw new LedgerError("RUN_NOT_FOUND", message, { field: "ref.dataset" });
}
