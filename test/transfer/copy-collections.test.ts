import { beforeAll, describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, copyRuns, type Ledger, LedgerError, openLedger } from "../../src/index.ts";
import { countingBackend } from "../../src/testing/index.ts";
import { intercept } from "../../src/testing/intercept.ts";
import { stride } from "../rounds.ts";
import { objectsOf } from "./stores.ts";

const open = async (backend: Backend): Promise<Ledger> => await openLedger(backend, { onError: () => {} });
const start = { environment: false, flush: { intervalMs: 1e9 } } as const;
const REMOVE = { dryRun: false, graceMs: 0 };
const content = (seed: number): Uint8Array => new Uint8Array(300).map((_, i) => (i * seed) % 251);
const text = "long ".repeat(20_000);

/** A run with a version and a large text, one that used the version, and one without contents. */
async function filled(ledger: Ledger): Promise<void> {
  const run = await ledger.startRun({ ...start, id: "one" });
  run.log({ loss: 1 });
  await run.logArtifact("model", { files: { a: content(1), b: content(2) } });
  await run.logText("note", text);
  await run.finish();
  const other = await ledger.startRun({ ...start, id: "two" });
  await other.useArtifact("model:v0");
  await other.finish();
  const plain = await ledger.startRun({ ...start, id: "plain" });
  plain.log({ loss: 2 });
  await plain.finish();
}

/** A ledger in which all contents of {@link filled} are garbage, and nothing else is left. */
async function garbage(backend: Backend, isCollected: boolean): Promise<void> {
  const ledger = await open(backend);
  const log = async (id: string, name: string, seeds: readonly number[]): Promise<void> => {
    const run = await ledger.startRun({ ...start, id });
    for (const seed of seeds) await run.logArtifact(name, content(seed));
    if (seeds.includes(1)) await run.logText("note", text);
    await run.finish();
    for (const i of seeds.keys()) await ledger.removeArtifact(`${name}:v${i}`);
    await ledger.purgeRun(id);
  };
  if (isCollected) {
    await log("early", "early", [9]);
    await ledger.gc(REMOVE);
  }
  await log("gone", "own", [1, 2]);
}

async function clone(objects: ReadonlyMap<string, Uint8Array>): Promise<Backend> {
  const backend = memoryBackend();
  for (const [key, bytes] of objects) await backend.create(key, bytes);
  return backend;
}

function door(): { readonly open: () => void; readonly opened: Promise<void> } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

/** A program whose call with the number `at`, counted from when it is armed, waits. With `isBlind` it sees no collections. */
function pausing(inner: Backend, at: number, isBlind = false) {
  let [count, isArmed] = [0, false];
  const [reached, go] = [door(), door()];
  const turn = async (): Promise<void> => {
    if (!isArmed || ++count !== at) return;
    reached.open();
    await go.opened;
  };
  const backend = intercept(inner, {
    call: async (_call, proceed) => {
      await turn();
      return await proceed();
    },
    list: async function* ({ key }, proceed) {
      await turn();
      if (!isBlind || key !== "gc") yield* proceed();
    },
  });
  return { backend, arm: () => void (isArmed = true), reached: reached.opened, go: go.open, count: () => count };
}

const source = memoryBackend();
let zip: Uint8Array;
const targets = new Map<boolean, ReadonlyMap<string, Uint8Array>>();
beforeAll(async () => {
  const ledger = await open(source);
  await filled(ledger);
  const stream = (await ledger.exportRun("one", { format: "zip" })) as ReadableStream<Uint8Array<ArrayBuffer>>;
  zip = new Uint8Array(await new Response(stream).arrayBuffer());
  for (const isCollected of [false, true]) {
    const target = memoryBackend();
    await garbage(target, isCollected);
    targets.set(isCollected, await objectsOf(target));
  }
});

/** Copies or imports. Returns false if something was not copied because of a collection. */
type Transfer = (from: Ledger, to: Ledger) => Promise<boolean>;

const transfers: Record<string, Transfer> = {
  copy: async (from, to) => (await copyRuns(from, to)).conflicts.length === 0,
  import: async (_from, to) =>
    await to.importRun(zip).then(
      () => true,
      (error: unknown) => {
        if (!LedgerError.hasCode(error, "CONFLICT")) throw error;
        return false;
      },
    ),
};

/** Returns what is wrong with what was acknowledged. */
async function wrongIn(target: Backend): Promise<string[]> {
  const ledger = await open(target);
  const { problems } = await ledger.verify();
  const wrong = problems.map(({ key }) => key);
  const { intact } = await ledger.openArtifact("model:v0").then((opened) => opened.verify());
  if (!intact) wrong.push("model:v0");
  const [entry] = await ledger.media("one");
  const found = await ledger.openMedia(entry!).catch(() => undefined);
  if (!JSON.stringify(found ?? "").includes(text)) wrong.push("note");
  return wrong;
}

/**
 * A transfer stops before its call `k`, a collection runs up to its call `g`, the transfer ends, then the collection. What
 * was acknowledged must be whole; what was not must be so after the next try.
 */
async function play(transfer: Transfer, isCollected: boolean, k: number, g: number, isBlind = false) {
  const target = await clone(targets.get(isCollected)!);
  const [one, two] = [pausing(target, k, isBlind), pausing(target, g)];
  const [from, to, collector] = [await open(source), await open(one.backend), await open(two.backend)];
  one.arm();
  two.arm();
  const transferred = transfer(from, to);
  await Promise.race([one.reached, transferred]);
  const collected = collector.gc(REMOVE).then(
    ({ removed }) => removed.length,
    (error: unknown) => {
      if (!LedgerError.hasCode(error, "CONFLICT")) throw error;
      return 0;
    },
  );
  await Promise.race([two.reached, collected]);
  one.go();
  const isAcknowledged = await transferred;
  const wrong: string[] = [];
  two.go();
  const removed = await collected;
  if (isAcknowledged) wrong.push(...(await wrongIn(target)));
  else {
    // The collection may have stopped because of the part that was there.
    await collector.gc({ ...REMOVE, takeOver: true }).catch(() => {});
    if (!(await transfer(from, await open(target)))) wrong.push("not completed");
    wrong.push(...(await wrongIn(target)));
  }
  return { wrong, isAcknowledged, removed, calls: [one.count(), two.count()] as const };
}

describe.each(Object.entries(transfers))("%s", (name, transfer) => {
  test.each([
    ["was never collected", false],
    ["was collected before", true],
  ])("each call of it and of a collection, in a target that %s: what is acknowledged is whole", async (_t, before) => {
    const [calls] = (await play(transfer, before, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).calls;
    const [, most] = (await play(transfer, before, 1, Number.POSITIVE_INFINITY)).calls;
    let [refused, removed] = [0, 0];
    for (let k = 1; k <= calls; k += stride(4))
      for (let g = 1 + (k % stride(9, 2)); g <= most + stride(9, 2); g += stride(9, 2)) {
        const played = await play(transfer, before, k, g);
        expect(played.wrong, `${name} ${k} ${g}`).toEqual([]);
        if (!played.isAcknowledged) refused++;
        removed += played.removed;
      }
    expect(refused).toBeGreaterThan(0);
    expect(removed).toBeGreaterThan(0);
  });

  test("without a look at collections, contents are lost", async () => {
    const found = new Set<boolean>();
    const [calls] = (await play(transfer, false, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).calls;
    // Collections that end before the transfer goes on, and those that end after it.
    for (let k = calls - 4; k > 0 && found.size < 2; k--)
      for (const g of [Number.POSITIVE_INFINITY, 26, 28, 30])
        if ((await play(transfer, false, k, g, true)).wrong.length > 0) found.add(g === Number.POSITIVE_INFINITY);
    expect(found).toEqual(new Set([true, false]));
  });
});

test("each run with blobs costs one request more", async () => {
  const requests = async (isBlind: boolean): Promise<number> => {
    const counting = countingBackend(memoryBackend());
    const to = await open(isBlind ? pausing(counting, 0, true).backend : counting);
    counting.reset();
    await copyRuns(await open(source), to);
    return counting.counters.requests;
  };
  expect((await requests(false)) - (await requests(true))).toBe(2);
});
