import type { Backend } from "../../src/backend/backend.ts";
import { type MemoryBackend, memoryBackend } from "../../src/backends/memory/index.ts";
import { decodeEvent } from "../../src/journal/decode-event.ts";
import { readWriter } from "../../src/journal/journal-reader.ts";
import { listRun } from "../../src/journal/list-run.ts";
import { whileItChanges } from "../../src/journal/newest-document.ts";
import { WriterFollower } from "../../src/journal/writer-follower.ts";
import { seededRandom } from "../seeded-random.ts";
import type { RunCreated } from "../../src/journal/run-created.ts";
import { readRecord } from "../../src/journal/run-state.ts";
import { newWriter, objectsOnly, RUN, WRITER } from "./records.ts";

const FLUSHES = 40;
const CREATED: RunCreated = {
  v: 1,
  id: RUN,
  experiment: "default",
  name: "run",
  createdAt: 0,
  writer: { id: WRITER, beatMs: 1e9 },
};
/** Keys in a page of a listing: other programs work between two pages. */
const PAGE = 3;

/** What is simulated: a writer whose objects repeat others, and are removed, and two readers beside it. */
export interface Simulation {
  readonly seed: number;
  /** The operation of the writer with which it dies. Default: it does not die. */
  readonly killAt?: number | undefined;
  /** Whether the operation still takes effect. */
  readonly isDone?: boolean;
}

/** Lets one request at a time of several programs go on, in an order that a seed decides. */
class Turns {
  readonly #waiting: (() => void)[] = [];
  readonly #random: () => number;
  #isOver = false;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  wait(): Promise<void> {
    return new Promise((resolve) => void (this.#isOver ? resolve() : this.#waiting.push(resolve)));
  }

  /** Goes on until `work` ends. */
  async until(work: Promise<unknown>): Promise<void> {
    void work.finally(() => (this.#isOver = true)).catch(() => {});
    while (!this.#isOver || this.#waiting.length > 0) {
      await new Promise(setImmediate);
      const [next] = this.#waiting.splice(Math.floor(this.#random() * this.#waiting.length), 1);
      next?.();
    }
    await work;
  }
}

/** Returns a backend whose requests wait for their turns, and a listing for a turn a page. */
function inTurns(inner: Backend, turn: () => Promise<void>): Backend {
  const backend = objectsOnly(inner);
  return {
    ...backend,
    create: async (key, body) => (await turn(), await inner.create(key, body)),
    read: async (key, options) => (await turn(), await inner.read(key, options)),
    stat: async (key) => (await turn(), await inner.stat(key)),
    remove: async (key) => (await turn(), await inner.remove(key)),
    list: async function* (prefix, options) {
      let startAfter = options?.startAfter;
      for (;;) {
        await turn();
        const page: { key: string; size: number }[] = [];
        for await (const entry of inner.list(prefix, { startAfter })) if (page.push(entry) === PAGE) break;
        yield* page;
        if (page.length < PAGE) return;
        startAfter = page.at(-1)!.key;
      }
    },
  };
}

/** The steps that a reader finds by listing the run. Throws for damage. */
async function readSteps(backend: Backend): Promise<number[]> {
  return await whileItChanges(backend, RUN, undefined, undefined, async ({ writers }) => {
    const steps: number[] = [];
    const visitor = {
      row: (_n: number, _keys: readonly string[], step: number) => void steps.push(step),
      event: () => {},
      damage: ({ message }: { readonly message: string }) => {
        throw new Error(message);
      },
    };
    await readWriter(backend, RUN, writers.get(WRITER) ?? [], visitor, undefined, 0, decodeEvent);
    return steps;
  });
}

/** The number of rows that a search finds, and the sum of their steps. */
async function readSummary(backend: Backend): Promise<readonly [count: number, sum: number]> {
  const { record } = await readRecord(backend, RUN, async () => CREATED, { byState: true });
  if (record.damage.length > 0) throw new Error(record.damage[0]!.message);
  const { count = 0, mean = 0 } = record.metrics["loss"] ?? {};
  return [count, Math.round(mean * count)];
}

/** Plays a simulation. Returns how many operations the writer made, and how many objects were removed. */
export async function simulate({ seed, killAt = Infinity, isDone = false }: Simulation): Promise<{
  readonly operations: number;
  readonly removed: number;
}> {
  const inner: MemoryBackend = memoryBackend();
  const turns = new Turns(seed);
  const dead = new Error("the writer is dead");
  let operations = 0;
  let removed = 0;
  let acknowledged = 0;
  let logged = 0;
  const counted = <T>(work: () => Promise<T>): Promise<T> => {
    if (operations >= killAt) return Promise.reject(dead);
    if (++operations < killAt) return work();
    return (isDone ? work() : Promise.resolve()).then(() => Promise.reject(dead));
  };
  const mortal: Backend = {
    ...inTurns(inner, () => turns.wait()),
    create: async (key, body) => (await turns.wait(), await counted(() => inner.create(key, body))),
    remove: async (key) => (await turns.wait(), await counted(() => (removed++, inner.remove(key)))),
  };
  const write = async (): Promise<void> => {
    const writer = newWriter(mortal, { removal: { gathered: 5, keptMs: 0 }, created: CREATED });
    const shape = writer.registry.shapeOf(["loss"])!;
    for (; logged < FLUSHES && operations < killAt;) {
      writer.row(shape, logged, logged, Float64Array.of(logged));
      logged++;
      await writer.flush().then(
        () => (acknowledged = logged),
        () => {},
      );
    }
    writer.close();
  };
  const assertWhole = (steps: readonly number[], least: number): void => {
    const isWhole = steps.every((step, i) => step === i) && steps.length >= least && steps.length <= logged;
    if (!isWhole)
      throw new Error(`seed ${seed}, kill ${killAt}: ${least} are acknowledged, and it read ${steps.join()}`);
  };
  const reader = inTurns(inner, () => turns.wait());
  let isOver = false;
  const read = async (): Promise<void> => {
    for (let i = 0; i < 12 && !isOver; i++) {
      const least = acknowledged;
      assertWhole(await readSteps(reader), least);
      const [count, sum] = await readSummary(reader);
      if (count < least || count > logged || sum !== (count * (count - 1)) / 2)
        throw new Error(`seed ${seed}, kill ${killAt}: ${least} are acknowledged, and the summary has ${count}`);
    }
  };
  const follow = async (): Promise<void> => {
    const steps: number[] = [];
    const follower = new WriterFollower(reader, RUN, WRITER, {
      row: (_n, _keys, step) => void steps.push(step),
      event: () => {},
    });
    for (let isLast = false, rounds = 0; !isLast; rounds++) {
      isLast = isOver;
      const least = acknowledged;
      const round = { grew: false, unsettled: false };
      const listed = (await listRun(reader, RUN)).writers.get(WRITER) ?? [];
      for await (const _ of follower.read(listed, round));
      // What was removed while it was read comes in the next round.
      if (!round.unsettled) assertWhole(steps, least);
      if (follower.damage(listed).length > 0) throw new Error(`seed ${seed}: the follower reports damage`);
      if (rounds > 1000) throw new Error("the follower does not come to an end");
    }
    assertWhole(steps, acknowledged);
  };
  const writing = write().finally(() => (isOver = true));
  await turns.until(Promise.all([writing, read(), follow()]));
  assertWhole(await readSteps(objectsOnly(inner)), acknowledged);
  return { operations, removed };
}
