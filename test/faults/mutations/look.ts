import { isDeepStrictEqual } from "node:util";
import type { Backend } from "../../../src/backend/backend.ts";
import { LedgerError, openLedger, type RunRecord } from "../../../src/index.ts";
import { createTestClock } from "../../../src/testing/index.ts";

type Answer = { readonly value: unknown } | { readonly error: unknown };

export interface Look {
  /** What each call gave, by its name. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** What `onError` heard. */
  readonly told: readonly LedgerError[];
}

/** Calls everything that reads, of the ledger as a whole and of these runs and artifacts. */
export async function lookAt(backend: Backend, ids: readonly string[], artifacts: readonly string[]): Promise<Look> {
  const answers = new Map<string, Answer>();
  const told: LedgerError[] = [];
  const ask = async (name: string, call: () => Promise<unknown>): Promise<void> => {
    try {
      answers.set(name, { value: await call() });
    } catch (error) {
      answers.set(name, { error });
    }
  };
  const opened = openLedger(backend, { clock: createTestClock(), onError: (error) => told.push(error) });
  await ask("open", async () => void (await opened));
  if ("error" in answers.get("open")!) return { answers, told };
  const ledger = await opened;
  await ask("search", () => ledger.searchRuns({ view: "all", limit: 1000, orderBy: "metrics.loss" }));
  await ask("filter", () => ledger.searchRuns({ filter: "params.lr > 0.5 AND metrics.loss < 5", fields: ["name"] }));
  await ask("summarise", () => ledger.summarise({ groupBy: ["experiment"], metrics: ["loss"] }));
  await ask("experiments", () => ledger.experiments());
  await ledger.close();
  for (const name of artifacts) {
    await ask(`versions of ${name}`, () => ledger.artifactVersions(name));
    for (const ref of [name, `${name}:best`] as const)
      await ask(`bytes of ${ref}`, async () => await (await ledger.openArtifact(ref)).read());
  }
  for (const id of ids) {
    await ask(`record of ${id}`, () => ledger.getRun(id));
    for (const key of ["loss", "m1007"]) await ask(`${key} of ${id}`, () => ledger.history(id, key));
    await ask(`samples of ${id}`, () => ledger.history(id, "loss", { samples: 10 }));
    await ask(`what is intact of ${id}`, () => ledger.history(id, "loss", { damaged: "skip" }));
    await ask(`comparison of ${id}`, () => ledger.compareRuns([id]));
    await ask(`update of ${id}`, async () => {
      for await (const { record } of ledger.watchRun(id)) return record;
      return undefined;
    });
    await ask(`rich values of ${id}`, async () => {
      const entries = await ledger.media(id);
      const contents = await Promise.all(entries.slice(-4).map((entry) => ledger.openMedia(entry)));
      return { entries, contents };
    });
  }
  return { answers, told };
}

const CODES = new Set(["CORRUPT", "FORMAT_TOO_NEW", "RUN_NOT_FOUND", "ARTIFACT_NOT_FOUND", "NOT_A_LEDGER"]);

/** Calls that reject with anything but what is wrong with the store. */
export function wrongErrors(look: Look): string[] {
  return [...look.answers].flatMap(([name, answer]) => {
    if (!("error" in answer)) return [];
    const { error } = answer;
    return LedgerError.is(error) && CODES.has(error.code) ? [] : [`${name}: ${String((error as Error).stack)}`];
  });
}

/**
 * Answers that differ from those of the sound store, although neither an error nor damage says why. `mayMiss`: runs that lost points
 * in a way that the format cannot show.
 */
export function wrongAnswers(sound: Look, look: Look, mayMiss: readonly string[]): string[] {
  const isDamaged = (id: string): boolean => {
    const record = look.answers.get(`record of ${id}`);
    return mayMiss.includes(id) || (record !== undefined && "value" in record && hasDamage(record.value));
  };
  const page = look.answers.get("search");
  const isAnyDamaged = page !== undefined && "value" in page && (page.value as Page).runs.some(hasDamage);
  const isExcused = (name: string, value: unknown, before: unknown): boolean => {
    const id = / of ([0-9a-z]+)$/.exec(name)?.[1];
    if (name.startsWith("record of")) return hasDamage(value) || mayMiss.includes(id!);
    if (name.startsWith("what is intact of") || name.startsWith("loss of"))
      return isDamaged(id!) && isPart(value as Points, before as Points);
    // The first update tells what one look found: damage in the middle of a journal is believed at the second one.
    if (name.startsWith("update of") && "error" in look.answers.get(`loss of ${id}`)!) return true;
    if (id !== undefined && sound.answers.has(`record of ${id}`)) return isDamaged(id);
    if (name === "search") return isPageExcused(value as Page, before as Page, mayMiss);
    // The page or the groups name a run that they leave out, and `onError` hears of an alias that cannot be read.
    return "unreadable" in Object(value) || look.told.length > 0 || mayMiss.length > 0 || isAnyDamaged;
  };
  return [...look.answers].flatMap(([name, answer]) => {
    const before = sound.answers.get(name)!;
    if (!("value" in answer) || !("value" in before)) return [];
    if (isDeepStrictEqual(answer.value, before.value) || isExcused(name, answer.value, before.value)) return [];
    return [`${name} is another one, and nothing says why`];
  });
}

const hasDamage = (record: unknown): boolean => (record as RunRecord).damage.length > 0;

interface Points {
  readonly steps: Float64Array;
  readonly values: Float64Array;
}

/** Whether all points are of the series, in its order. */
function isPart(points: Points, all: Points): boolean {
  let at = 0;
  return [...points.steps].every((step, i) => {
    while (at < all.steps.length && !(all.steps[at] === step && all.values[at] === points.values[i])) at++;
    return at++ < all.steps.length;
  });
}

interface Page {
  readonly runs: readonly RunRecord[];
  readonly unreadable?: readonly { readonly id: string }[];
}

/** Whether each run of a page is as before, says that it is damaged, or is named as unreadable. */
function isPageExcused({ runs, unreadable = [] }: Page, before: Page, mayMiss: readonly string[]): boolean {
  const found = new Map(runs.map((record) => [record.id, record]));
  const leftOut = new Set(unreadable.map(({ id }) => id));
  const isAsBefore = (record: RunRecord): boolean => {
    const now = found.get(record.id);
    if (now === undefined) return leftOut.has(record.id);
    return isDeepStrictEqual(now, record) || now.damage.length > 0 || mayMiss.includes(record.id);
  };
  return runs.length + leftOut.size === before.runs.length && before.runs.every(isAsBefore);
}
