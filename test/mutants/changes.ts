import type { Backend } from "../../src/backend/backend.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { type Mutant, mutant } from "./mutant.ts";

type Changes = Required<Backend>["changes"];

/** Passes hints through `between`, which gets an iterator of the correct ones. */
function passing(
  between: (hints: AsyncIterator<void>, asked: () => Promise<IteratorResult<void>>) => Partial<AsyncIterator<void>>,
) {
  return (changes: Changes): Changes =>
    (prefix, o) => {
      const hints = changes(prefix, o)[Symbol.asyncIterator]();
      const asked = (): Promise<IteratorResult<void>> => hints.next();
      const own = { next: asked, return: async () => (await hints.return?.()) ?? DONE, ...between(hints, asked) };
      return { [Symbol.asyncIterator]: () => own };
    };
}

const DONE = { done: true, value: undefined } as const;
const never = (): Promise<never> => new Promise(() => {});

/** Hints that do not come, do not end or do not let go. */
export const changeMutants: readonly Mutant[] = [
  mutant("changes tells nothing", (inner) => ({
    changes: (prefix, o) => neverTelling(inner, prefix, o),
  })),
  mutant("changes tells once", (inner) => ({
    changes: passing((_, asked) => {
      let told = 0;
      return { next: () => (told++ === 0 ? asked() : never()) };
    })(inner.changes),
  })),
  mutant("changes tells of the handle's own changes only", (inner) => {
    const own = new Set<() => void>();
    const telling =
      <T extends unknown[]>(call: (...given: T) => Promise<void>) =>
      async (...given: T): Promise<void> => {
        await call(...given);
        for (const tell of own) tell();
      };
    return {
      create: telling(inner.create),
      append: telling(inner.append),
      remove: telling(inner.remove),
      changes: (prefix, o) => {
        const sound = inner.changes(prefix, o)[Symbol.asyncIterator]();
        let tell: (() => void) | undefined;
        return {
          [Symbol.asyncIterator]: () => ({
            next: () =>
              Promise.race([
                new Promise<IteratorResult<void>>((resolve) => {
                  if (tell) own.delete(tell);
                  own.add((tell = () => resolve({ done: false, value: undefined })));
                }),
                // Its end is passed on, but not its hints.
                sound.next().then((step) => (step.done === true ? DONE : never())),
              ]),
            return: async () => (await sound.return?.()) ?? DONE,
          }),
        };
      },
    };
  }),
  mutant("changes tells nothing of appends and removals", (inner, { watchers }) => {
    const quietly =
      <T extends unknown[]>(call: (...given: T) => Promise<void>) =>
      async (...given: T): Promise<void> => {
        const heard = [...watchers];
        watchers.clear();
        await call(...given).finally(() => heard.forEach((watcher) => watchers.add(watcher)));
      };
    return { append: quietly(inner.append), remove: quietly(inner.remove) };
  }),
  mutant("changes of a prefix under which nothing is rejects", (inner, { objects }) => ({
    changes: (prefix, o) =>
      [...objects.keys()].some((key) => prefix === "" || key.startsWith(`${prefix}/`))
        ? inner.changes(prefix, o)
        : rejecting(new LedgerError("NOT_FOUND", "nothing to watch", { key: prefix })),
  })),
  mutant("changes of a prefix under which nothing is stays silent", (inner, { objects }) => ({
    changes: (prefix, o) =>
      [...objects.keys()].some((key) => prefix === "" || key.startsWith(`${prefix}/`))
        ? inner.changes(prefix, o)
        : neverTelling(inner, prefix, o),
  })),
  mutant("changes of the empty prefix finds nothing", (inner) => ({
    changes: (prefix, o) => (prefix === "" ? neverTelling(inner, prefix, o) : inner.changes(prefix, o)),
  })),
  mutant("changes does not hear of an abort", (inner) => ({ changes: (prefix) => inner.changes(prefix) })),
  mutant("changes ignores a signal aborted beforehand", (inner) => ({
    changes: (prefix, o) => inner.changes(prefix, o?.signal?.aborted === true ? {} : o),
  })),
  mutant("changes that are aborted reject with an error of their own", (inner) => ({
    changes: passing((_, asked) => ({
      next: () =>
        asked().catch((error: unknown) => {
          throw LedgerError.is(error) ? error : new LedgerError("IO", "aborted", { cause: error });
        }),
    }))(inner.changes),
  })),
  mutant("a watch that was left keeps its slot, of which there are 32", (inner, { watchers }) => {
    const slots = slotsOf(watchers);
    return {
      changes: (prefix, o) => {
        if (++slots.taken > 32) return rejecting(new LedgerError("UNAVAILABLE", "too many watches", { key: prefix }));
        return inner.changes(prefix, o);
      },
    };
  }),
  mutant("changes goes on after it was left", (inner) => ({
    changes: passing((_, asked) => ({ next: asked, return: async () => DONE }))(inner.changes),
  })),
  mutant("leaving changes waits for one more", (inner) => ({
    changes: passing((hints, asked) => ({
      return: async () => {
        await asked();
        return (await hints.return?.()) ?? DONE;
      },
    }))(inner.changes),
  })),
  mutant("changes outlives the handle", (inner, { watchers }) => ({
    changes: (prefix, o) => {
      const sound = inner.changes(prefix, o)[Symbol.asyncIterator]();
      return {
        [Symbol.asyncIterator]: () => ({
          next: async () => {
            const step = await sound.next();
            return step.done === true && watchers.size === 0 ? await never() : step;
          },
          return: async () => (await sound.return?.()) ?? DONE,
        }),
      };
    },
  })),
  mutant("close waits for watches to be left", (inner) => {
    let open = 0;
    return {
      changes: passing((hints) => {
        open++;
        return { return: async () => (open--, (await hints.return?.()) ?? DONE) };
      })(inner.changes),
      close: async () => {
        if (open > 0) throw new Error("watched still");
        await inner.close();
      },
    };
  }),
  mutant("changes of a closed handle are silent", (inner) => {
    let closed = false;
    return {
      close: async () => {
        await inner.close();
        closed = true;
      },
      changes: (prefix, o) => (closed ? { [Symbol.asyncIterator]: () => ({ next: never }) } : inner.changes(prefix, o)),
    };
  }),
  mutant("changes of a closed handle just end", (inner) => ({
    changes: passing((_, asked) => ({
      next: () =>
        asked().catch((error: unknown) => (LedgerError.hasCode(error, "CLOSED") ? DONE : Promise.reject(error))),
    }))(inner.changes),
  })),
  mutant("closing one handle ends the hints of all", (inner, { watchers }) => {
    const ended = slotsOf(watchers);
    return {
      close: async () => {
        ended.taken = 1;
        await inner.close();
      },
      changes: (prefix, o) => (ended.taken === 1 ? neverTelling(inner, prefix, o) : inner.changes(prefix, o)),
    };
  }),
  mutant("changes returns a promise", (inner) => ({
    changes: (async () => inner.changes("")) as unknown as Changes,
  })),
];

/** Ends and aborts correctly, but yields no hints. */
function neverTelling(inner: Required<Backend>, prefix: string, o: Parameters<Changes>[1]): AsyncIterable<void> {
  const hints = inner.changes(prefix, o)[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        for (;;) {
          const step = await hints.next();
          if (step.done === true) return step;
        }
      },
      return: async () => (await hints.return?.()) ?? DONE,
    }),
  };
}

function rejecting(error: LedgerError): AsyncIterable<void> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
}

const slots = new WeakMap<object, { taken: number }>();

function slotsOf(key: object): { taken: number } {
  const found = slots.get(key) ?? { taken: 0 };
  slots.set(key, found);
  return found;
}
