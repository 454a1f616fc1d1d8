import { expect, test } from "vitest";

/**
 * A model of collections and writers, one blob, every interleaving of single requests. A process may stop for ever at any
 * point, because every state that is reached is checked.
 */
interface Rules {
  /** Whether a writer looks for collections after its manifest is stored. */
  readonly looksAfter: boolean;
  /** Whether a writer looks at the blob again if a collection has ended meanwhile. */
  readonly asksAgain: boolean;
  /** Whether what ended is counted. Otherwise the highest number of the collections that have ended counts. */
  readonly counts: boolean;
  /** Whether the count comes before the mark that a collection is done. */
  readonly countsFirst: boolean;
  /** Whether a collection looks for manifests again, and when. */
  readonly marksAgain: "after" | "before" | "never";
}

const RULES: Rules = { looksAfter: true, asksAgain: true, counts: true, countsFirst: true, marksAgain: "after" };

interface State {
  blob: boolean;
  ended: number;
  writers: { at: number; before: number; manifest: boolean; acked: boolean }[];
  collectors: { at: number; removing: boolean; done: boolean; marked: boolean }[];
}

/** Returns the states that one request of one process leads to. */
function next(state: State, rules: Rules): State[] {
  const found: State[] = [];
  const step = (change: (copy: State) => void): void => {
    const copy = structuredClone(state);
    change(copy);
    found.push(copy);
  };
  const isMarked = (s: State): boolean => s.writers.some(({ manifest }) => manifest);
  const ended = (s: State): number =>
    rules.counts ? s.ended : s.collectors.reduce((most, { done }, i) => (done ? i + 1 : most), 0);
  for (const [i, writer] of state.writers.entries()) {
    const go = (change: (s: State, w: State["writers"][number]) => void): void => step((s) => change(s, s.writers[i]!));
    // What the writer knows of collections is from any time before.
    if (writer.at === 0) go((s, w) => Object.assign(w, { at: 1, before: ended(s) }));
    if (writer.at === 1) go((s, w) => (w.at = s.blob ? 3 : 2));
    if (writer.at === 2) go((s, w) => ((s.blob = true), (w.at = 3)));
    if (writer.at === 3)
      go((_, w) =>
        Object.assign(w, rules.looksAfter ? { manifest: true, at: 4 } : { manifest: true, at: 7, acked: true }),
      );
    if (writer.at === 4)
      go((s, w) => {
        if (s.collectors.some(({ removing, done }) => removing && !done)) w.at = 6;
        else if (ended(s) > w.before && rules.asksAgain) w.at = 5;
        else Object.assign(w, { at: 7, acked: true });
      });
    if (writer.at === 5) go((s, w) => Object.assign(w, s.blob ? { at: 7, acked: true } : { at: 6 }));
    // It withdraws its manifest, and the caller tries again.
    if (writer.at === 6) go((_, w) => Object.assign(w, { manifest: false, at: 0 }));
  }
  for (const [i, collector] of state.collectors.entries()) {
    const go = (change: (s: State, c: State["collectors"][number]) => void): void =>
      step((s) => change(s, s.collectors[i]!));
    if (collector.at === 0) go((s, c) => (c.at = isMarked(s) || !s.blob ? 9 : 1));
    if (collector.at === 1) {
      if (rules.marksAgain === "before") go((s, c) => Object.assign(c, { at: 2, marked: isMarked(s) }));
      else go((_, c) => Object.assign(c, { removing: true, at: 2 }));
    }
    if (collector.at === 2) {
      if (rules.marksAgain === "before") go((_, c) => Object.assign(c, { removing: true, at: 3 }));
      else go((s, c) => Object.assign(c, { marked: rules.marksAgain === "after" && isMarked(s), at: 3 }));
    }
    if (collector.at === 3) go((s, c) => ((s.blob = s.blob && c.marked), (c.at = 4)));
    const count = (s: State): void => void s.ended++;
    const end = (_: State, c: State["collectors"][number]): void => void (c.done = true);
    const [first, second] = rules.countsFirst ? [count, end] : [end, count];
    if (collector.at === 4) go((s, c) => (first(s, c), (c.at = 5)));
    if (collector.at === 5) go((s, c) => (second(s, c), (c.at = 9)));
  }
  return found;
}

/** Returns how many states there are, and one in which an acknowledged manifest lacks its blob. */
function explore(rules: Rules, writers: number, collectors: number): { states: number; wrong?: State } {
  const start: State = {
    blob: true,
    ended: 0,
    writers: Array.from({ length: writers }, () => ({ at: 0, before: 0, manifest: false, acked: false })),
    collectors: Array.from({ length: collectors }, () => ({ at: 0, removing: false, done: false, marked: false })),
  };
  const seen = new Set([JSON.stringify(start)]);
  const left = [start];
  for (let state = left.pop(); state !== undefined; state = left.pop()) {
    if (!state.blob && state.writers.some(({ acked }) => acked)) return { states: seen.size, wrong: state };
    for (const each of next(state, rules)) {
      const text = JSON.stringify(each);
      if (seen.has(text)) continue;
      seen.add(text);
      left.push(each);
    }
  }
  return { states: seen.size };
}

test.each([
  [1, 1],
  [2, 1],
  [1, 2],
  [2, 2],
])("%i writers and %i collectors: no acknowledged manifest ever lacks its blob", (writers, collectors) => {
  const { states, wrong } = explore(RULES, writers, collectors);
  expect(wrong).toBeUndefined();
  expect(states).toBeGreaterThan(50);
});

test.each<[string, Partial<Rules>]>([
  ["a writer that does not look after its manifest is stored", { looksAfter: false }],
  ["a writer that does not ask again after a collection has ended", { asksAgain: false }],
  ["collections that are known by their highest number instead of a count", { counts: false }],
  ["a collection that is done before it is counted", { countsFirst: false }],
  ["a collection that marks once", { marksAgain: "never" }],
  ["a collection that marks again before it says that it removes", { marksAgain: "before" }],
])("the model finds %s", (_name, defect) => {
  expect(explore({ ...RULES, ...defect }, 2, 2).wrong).toBeDefined();
});
