import { expect, test } from "vitest";
import type { CallOptions } from "../../src/backend/backend.ts";
import { type HintSink, changeHints, relayHints } from "../../src/backend/change-hints.ts";

const HINT = { done: false, value: undefined };
const DONE = { done: true, value: undefined };

function source(options?: CallOptions) {
  const seen = { started: 0, stopped: 0, sink: undefined as HintSink | undefined };
  const hints = changeHints((sink) => {
    seen.started++;
    seen.sink = sink;
    return () => void seen.stopped++;
  }, options);
  return { hints, seen };
}

test("it begins at the first request, and hints that nobody waited for count as one", async () => {
  const { hints, seen } = source();
  expect(seen.started).toBe(0);
  const first = hints.next();
  seen.sink?.tell();
  expect(await first).toEqual(HINT);
  for (let i = 0; i < 5; i++) seen.sink?.tell();
  expect(await hints.next()).toEqual(HINT);
  const [second, third] = [hints.next(), hints.next()];
  seen.sink?.tell();
  expect(await Promise.all([second, third])).toEqual([HINT, HINT]);
  expect(seen).toMatchObject({ started: 1, stopped: 0 });
});

test("leaving, an abort and the source's own end release it once and settle waiting calls", async () => {
  const left = source();
  const waiting = left.hints.next();
  expect(await left.hints.return?.()).toEqual(DONE);
  expect(await waiting).toEqual(DONE);
  left.seen.sink?.tell();
  expect(await left.hints.next()).toEqual(DONE);
  expect(left.seen.stopped).toBe(1);

  const stop = new AbortController();
  const aborted = source({ signal: stop.signal });
  const rejected = aborted.hints.next();
  stop.abort("enough");
  await expect(rejected).rejects.toBe("enough");
  expect(await aborted.hints.next()).toEqual(DONE);
  expect(aborted.seen.stopped).toBe(1);

  const ended = source();
  const last = ended.hints.next();
  ended.seen.sink?.end();
  expect(await last).toEqual(DONE);
  const failed = source();
  const failing = failed.hints.next();
  failed.seen.sink?.tell();
  await failing;
  failed.seen.sink?.end("broken");
  await expect(failed.hints.next()).rejects.toBe("broken");
  expect(await failed.hints.next()).toEqual(DONE);
  expect([ended.seen.stopped, failed.seen.stopped]).toEqual([1, 1]);
});

test("a source that cannot begin, that ends at once, or a signal aborted beforehand", async () => {
  const broken = changeHints(() => {
    throw new Error("cannot watch");
  });
  await expect(broken.next()).rejects.toThrow("cannot watch");
  expect(await broken.next()).toEqual(DONE);
  let stopped = 0;
  const brief = changeHints((sink) => {
    sink.end();
    return () => void stopped++;
  });
  expect(await brief.next()).toEqual(DONE);
  expect(stopped).toBe(1);
  const { hints, seen } = source({ signal: AbortSignal.abort("before") });
  await expect(hints.next()).rejects.toBe("before");
  expect(seen.started).toBe(0);
});

test("relayed hints are requested one at a time and end at once when left, whatever the source does", async () => {
  let given = 0;
  const endless = relayHints(
    async function* () {
      for (;;) {
        given++;
        yield;
      }
    },
    undefined,
    (error) => error,
  );
  expect(await endless.next()).toEqual(HINT);
  expect(given).toBe(1);
  expect(await endless.return?.()).toEqual(DONE);

  let isReleased = false;
  const deaf = relayHints(
    async function* ({ signal }) {
      signal?.addEventListener("abort", () => (isReleased = true));
      await new Promise(() => {});
      yield;
    },
    undefined,
    (error) => error,
  );
  const waiting = deaf.next();
  await deaf.return?.();
  expect(await waiting).toEqual(DONE);
  expect(isReleased).toBe(true);
});

test("errors of a relayed source are translated, but not the caller's reason", async () => {
  const failing = (): AsyncIterable<void> => ({
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("inner")) }),
  });
  await expect(relayHints(failing, undefined, (error) => `told: ${(error as Error).message}`).next()).rejects.toBe(
    "told: inner",
  );
  const silent = (): AsyncIterable<void> => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) });
  const stop = new AbortController();
  const next = relayHints(silent, { signal: stop.signal }, () => "translated").next();
  stop.abort("enough");
  await expect(next).rejects.toBe("enough");
});

test("if one of several callers gets the end or a failure of relayed hints, the others end, too", async () => {
  interface Asked {
    readonly resolve: (step: IteratorResult<void>) => void;
    readonly reject: (error: unknown) => void;
  }
  const relay = (answer: (first: Asked) => void) => {
    const asked: Asked[] = [];
    const inner: AsyncIterator<void> = {
      next: () => new Promise((resolve, reject) => void asked.push({ resolve, reject })),
    };
    const hints = relayHints(
      () => ({ [Symbol.asyncIterator]: () => inner }),
      undefined,
      (error) => `told: ${error as string}`,
    );
    const waiting = [hints.next(), hints.next()];
    answer(asked[0] as Asked);
    return { waiting, hints };
  };
  const ended = relay(({ resolve }) => resolve({ done: true, value: undefined }));
  expect(await Promise.all(ended.waiting)).toEqual([DONE, DONE]);
  const failed = relay(({ reject }) => reject("broken"));
  await expect(failed.waiting[0]).rejects.toBe("told: broken");
  expect(await failed.waiting[1]).toEqual(DONE);
  expect(await failed.hints.next()).toEqual(DONE);
});
