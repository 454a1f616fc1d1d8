import type { Backend } from "../../backend/backend.ts";
import {
  type Outcome,
  PATIENCE_MS,
  describe,
  hold,
  outcome,
  rejects,
  rejectsWithReason,
  within,
} from "../assertions.ts";
import type { ConformanceCase, World } from "../case.ts";
import { contract } from "../contract.ts";
import { keysOf, text } from "../samples.ts";

type Telling = Backend & { changes: NonNullable<Backend["changes"]> };

function changesCase(name: string, run: (backend: Telling, world: World) => Promise<void>): ConformanceCase {
  return { name: `changes: ${name}`, needs: ["changes"], run: (world) => run(world.backend as Telling, world) };
}

/** Pause between changes, in ms, because systems report changes with a delay. */
const PAUSE_MS = 5;

/** Asks for a hint and calls `change` until the hint comes. Returns true if the hints ended instead. */
async function hintWhile(
  hints: AsyncIterator<void>,
  what: string,
  change: (n: number) => Promise<unknown>,
): Promise<boolean> {
  let settled = false;
  const asked = outcome("next of changes", () => hints.next()).finally(() => (settled = true));
  const start = performance.now();
  const changing = (async (): Promise<void> => {
    for (let n = 0; !settled && performance.now() - start < PATIENCE_MS; n++) {
      await change(n);
      await new Promise((resolve) => {
        setTimeout(resolve, PAUSE_MS);
      });
    }
  })();
  try {
    const step = await within(contract.changesTell, `a hint while ${what}`, asked);
    if (!step.resolved) throw step.error;
    return step.value.done === true;
  } finally {
    settled = true;
    await changing;
  }
}

async function leave(hints: AsyncIterator<void>): Promise<void> {
  await within(contract.changesRelease, "return of changes", Promise.resolve(hints.return?.()));
}

export const changesCases: readonly ConformanceCase[] = [
  changesCase(
    "continuing changes are reported again and again, whichever handle makes them",
    async (backend, world) => {
      const other = await world.open();
      await backend.create("runs/1/first", text("x"));
      const hints = backend.changes("runs/1")[Symbol.asyncIterator]();
      for (const [round, handle] of [backend, other, backend, other].entries()) {
        const ended = await hintWhile(hints, `objects are created (round ${round})`, (n) =>
          handle.create(`runs/1/deep/${round}-${n}`, text("x")),
        );
        if (ended) return;
      }
      const { append } = other;
      if (other.capabilities.append && append) {
        await hintWhile(hints, "an object is appended to", () => append.call(other, "runs/1/first", text("x")));
      }
      await leave(hints);
    },
  ),
  changesCase("removals are reported, and the empty prefix covers everything", async (backend, { open }) => {
    const other = await open();
    const keys = Array.from({ length: 3000 }, (_, n) => `a/${n}`);
    for (const key of keys.slice(0, 300)) await backend.create(key, text("x"));
    const hints = backend.changes("")[Symbol.asyncIterator]();
    await hintWhile(hints, "objects are removed", (n) => other.remove(keys[n % 300] as string));
    await leave(hints);
  }),
  changesCase("a prefix without objects can be watched", async (backend, { open }) => {
    const other = await open();
    const hints = backend.changes("later/on")[Symbol.asyncIterator]();
    await hintWhile(hints, "the first objects are created", (n) => other.create(`later/on/${n}`, text("x")));
    await leave(hints);
  }),
  changesCase(
    "an abort ends the hints with the reason, before they begin and while nothing changes",
    async (backend) => {
      await backend.create("a/1", text("x"));
      const reason = new Error("stopped");
      const before = AbortSignal.abort(reason);
      await rejectsWithReason(reason, "changes with an aborted signal", async () => {
        const hints = backend.changes("a", { signal: before });
        return hints[Symbol.asyncIterator]().next();
      });
      const stop = new AbortController();
      const hints = backend.changes("a", { signal: stop.signal })[Symbol.asyncIterator]();
      setTimeout(() => stop.abort(reason), PAUSE_MS);
      // Hints may be wrong, so some may come first.
      for (let step: Outcome<IteratorResult<void>> | undefined; ;) {
        step = await within(
          contract.aborted,
          "changes, aborted while they were watched,",
          outcome("next", () => hints.next()),
        );
        if (!step.resolved) {
          hold(
            step.error === reason,
            contract.aborted,
            `changes rejected with ${describe(step.error)}, not the reason`,
          );
          break;
        }
        if (step.value.done === true) break;
        await new Promise((resolve) => {
          setTimeout(resolve, 0);
        });
      }
    },
  ),
  changesCase("the caller may stop at any step, any number of times", async (backend) => {
    await backend.create("a/1", text("x"));
    for (let round = 0; round < 64; round++) {
      const hints = backend.changes("a")[Symbol.asyncIterator]();
      if (round % 8 === 0)
        await hintWhile(hints, `objects are created (${round})`, (n) => backend.create(`a/${round}-${n}`, text("x")));
      await leave(hints);
      const after = await within(contract.changesRelease, "next after return", Promise.resolve(hints.next()));
      hold(after.done === true, contract.changesRelease, "there was a hint after return");
    }
    await within(contract.changesRelease, "remove after watching", backend.remove("a/1"));
    hold(!(await keysOf(backend, "a")).includes("a/1"), contract.removeOne, "the object is still listed");
  }),
  {
    name: "changes: close ends the hints, and later calls reject with CLOSED",
    needs: ["changes", "close"],
    async run({ backend, open }) {
      const other = (await open()) as Telling;
      await backend.create("a/1", text("x"));
      const hints = (backend as Telling).changes("a")[Symbol.asyncIterator]();
      const ended = await hintWhile(hints, "objects are created", (n) => other.create(`a/b${n}`, text("x")));
      const last = ended ? undefined : hints.next();
      last?.catch(() => {});
      await within(contract.changesRelease, "close while changes are watched", Promise.resolve(backend.close?.()));
      for (let next = last; next !== undefined;) {
        const step = await within(
          contract.changesRelease,
          "changes of a closed handle",
          outcome("next", () => next as Promise<IteratorResult<void>>),
        );
        next = step.resolved && step.value.done !== true ? hints.next() : undefined;
      }
      const later = rejects("CLOSED", undefined, contract.closed, "changes after close", async () =>
        (backend as Telling).changes("a")[Symbol.asyncIterator]().next(),
      );
      await within(contract.closed, "changes after close", later);
      const theirs = other.changes("a")[Symbol.asyncIterator]();
      await hintWhile(theirs, "another handle was closed", (n) => other.create(`a/c${n}`, text("x")));
      await leave(theirs);
    },
  },
];
