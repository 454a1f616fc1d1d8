/** How long calculations may run before they let other work run, in ms. */
const SLICE_MS = 20;
/** A calculation that takes less than this never waits. */
const SHORT_MS = 5;

/**
 * When a calculation last let other work run, in ms. All share it, because several of them, or the parts of one, may
 * follow each other without letting anything else run.
 */
let lastBreak = 0;

/**
 * Does a long calculation in slices, between which timers and requests run. `work` yields where it may be interrupted.
 * Returns what it returns.
 */
export async function inSlices<T>(work: Iterator<unknown, T, void>): Promise<T> {
  const began = performance.now();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value as T;
    const now = performance.now();
    if (Math.abs(now - began) >= SHORT_MS && isDue(now)) await takeBreak();
  }
}

/** Does in one go what {@link inSlices} does in slices. */
export function inOneGo<T>(work: Iterator<unknown, T, void>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value as T;
  }
}

/** Lets other work run, unless a calculation did so a moment ago. To be called between parts that take milliseconds. */
export function breakIfDue(): Promise<void> | undefined {
  return isDue(performance.now()) ? takeBreak() : undefined;
}

/** A clock that tests replace may go back. */
function isDue(now: number): boolean {
  return Math.abs(now - lastBreak) >= SLICE_MS;
}

/** Ends when the last of the calculations that wait goes on. */
let waiting: Promise<void> = Promise.resolve();

/**
 * Resolves in a later task, in which no other calculation goes on. If several went on in the same task, timers would
 * wait for all of them.
 */
function takeBreak(): Promise<void> {
  waiting = waiting.then(nextTask).then(() => {
    lastBreak = performance.now();
  });
  return waiting;
}

/** Resolves in a later task. Not by a timer, because timers wait in background tabs, and tests replace them. */
function nextTask(): Promise<void> {
  if (typeof MessageChannel === "undefined") return new Promise((resolve) => setTimeout(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const settle = (): void => {
      port1.close();
      resolve();
    };
    port1.addEventListener("message", settle, { once: true });
    port1.start();
    port2.postMessage(0);
  });
}
