import { generateKeyPairSync, sign } from "node:crypto";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import type { Entry } from "../../../src/backend/index.ts";
import { type Backend, type Ledger, LedgerError, openLedger, type Run } from "../../../src/index.ts";
import type { PublicKey, Signer } from "../../../src/seal/index.ts";
import { createTestClock, seededIds } from "../../../src/testing/index.ts";
import { objectsOnly } from "../../journal/records.ts";
import { seededRandom } from "../../seeded-random.ts";
import { type Actor, type Fate, Scheduler } from "../fencing/scheduler.ts";

/** What an actor that breaks the protocol does; the simulation has to notice. */
export type Sabotage =
  /** Writers do not find any fence. */
  | "no look"
  /** Sessions and those who close the run do not see that it is being sealed. */
  | "no marker seen";

/** What came of a simulation. */
export interface Outcome {
  readonly wrong: readonly string[];
  readonly trace: readonly string[];
  readonly counts: { seals: number; refused: number; acknowledged: number; late: number };
}

const FATES: readonly Fate[] = ["error-before", "lost-ack", "unknown", "crash-before", "crash-after"];
const FLUSH = { intervalMs: 1e9 };
const keys = generateKeyPairSync("ed25519");
/** A signer that is done at once: the scheduler would not wait for another thread. */
const signer: Signer = {
  keyId: "k",
  sign: async (bytes) => new Uint8Array(sign(null, bytes, keys.privateKey)),
};
const trusted = [{ ...(keys.publicKey.export({ format: "jwk" }) as unknown as PublicKey), kid: "k" }];

/** Two sessions that resume a closed run, write and close it, and two that seal it, in one of the many orders there are. */
export async function simulate(seed: number, store: "appends" | "objects", sabotage?: Sabotage): Promise<Outcome> {
  const random = seededRandom(seed);
  const scheduler = new Scheduler(random, random() < 0.5);
  const memory = memoryBackend();
  const place: Backend = store === "appends" ? memory : objectsOnly(memory);
  const clock = createTestClock();
  const wrong: string[] = [];
  const counts = { seals: 0, refused: 0, acknowledged: 0, late: 0 };
  const acknowledged = new Set<number>();
  const roots = new Set<string>();
  const open: { readonly actor: Actor; readonly run: Run }[] = [];
  let handles = 0;
  let nextValue = 0;

  const openAs = async (backend: Backend): Promise<Ledger> => {
    const ids = seededIds(seed * 10 + handles++, () => clock.now());
    return await openLedger(backend, { clock, ids, onError: () => {} });
  };
  const begin = await (await openAs(place)).startRun({ environment: false, flush: FLUSH });
  const { id } = begin;
  const write = async (run: Run): Promise<void> => {
    const value = nextValue++;
    run.log({ value }, { step: value });
    await run.flush();
    acknowledged.add(value);
  };
  await write(begin);
  await begin.finish();

  const actor = (name: string, faults: number, isWriter: boolean): Actor => ({
    name,
    dead: false,
    fate: () => (random() < faults && FATES[Math.floor(random() * FATES.length)]) || "made",
    lie: ({ operation, key }) => {
      if (!isWriter) return undefined;
      if (sabotage === "no look" && operation === "stat" && key.includes("/fences/")) return { instead: undefined };
      if (sabotage !== "no marker seen" || operation !== "list") return undefined;
      const entries: Entry[] = [...memory.snapshot()]
        .filter(([each]) => each.startsWith(`${key}/`) && !each.endsWith("/sealing.json"))
        .map(([each, bytes]) => ({ key: each, size: bytes.length }));
      return { instead: entries };
    },
  });
  /** Errors that a call may give. The faults have the other codes. */
  const expected = (error: unknown): boolean =>
    ["FENCED", "RUN_CLOSED", "CONFLICT", "IO", "UNAVAILABLE", "OUTCOME_UNKNOWN", "CORRUPT", "NOT_FOUND"].some((code) =>
      LedgerError.hasCode(error, code as "IO"),
    );
  const unless = async (who: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      counts.refused++;
      // A loss that no fault caused is none that anybody may see.
      if (!expected(error)) wrong.push(`${who}: ${String(error)}`);
    }
  };
  const faults = random() < 0.5 ? 0 : 0.04;
  const programs = [];
  for (const [i, mode] of (["join", random() < 0.5 ? "join" : "exclusive"] as const).entries()) {
    const own = actor(`writer ${i}`, faults, true);
    const ledger = await openAs(scheduler.backend(place, own));
    const flushes = 1 + Math.floor(random() * 3);
    programs.push({
      actor: own,
      work: () =>
        unless(own.name, async () => {
          const run = await ledger.resumeRun(id, { mode, flush: FLUSH });
          open.push({ actor: own, run });
          for (let n = 0; n < flushes; n++) await write(run);
          await run.finish();
        }),
    });
  }
  for (const i of [0, 1]) {
    const own = actor(`sealer ${i}`, faults, false);
    const ledger = await openAs(scheduler.backend(place, own));
    programs.push({
      actor: own,
      work: async () => {
        for (let tries = 0; tries < 3; tries++)
          await unless(own.name, async () => {
            roots.add((await ledger.seal(id, i === 0 ? { signer } : {})).root);
            counts.seals++;
          });
      },
    });
  }
  await scheduler.run(programs);

  const ledger = await openAs(place);
  const isSealed = roots.size > 0;
  try {
    roots.add((await ledger.seal(id, { signer })).root);
  } catch (error) {
    // A writer that crashed, or met a fault, may have left the run open.
    if (isSealed || !LedgerError.hasCode(error, "CONFLICT")) wrong.push(`the seal at the end: ${String(error)}`);
    return { wrong, trace: scheduler.trace, counts };
  }
  if (roots.size !== 1) wrong.push(`there are ${roots.size} roots`);
  // Those who were shut out try once more.
  for (const { actor: own, run } of open) {
    if (own.dead) continue;
    try {
      run.log({ value: -1 });
      await run.flush();
      wrong.push(`${own.name}: something was acknowledged after the seal`);
    } catch (error) {
      if (!expected(error)) wrong.push(`${own.name}: ${String(error)}`);
    }
  }
  const { intact, sealed, signedBy, problems, lateRecords } = await ledger.verify(id, { keys: trusted });
  if (!intact || !sealed || signedBy.length !== 1) wrong.push(`verify: ${JSON.stringify(problems)}`);
  const whole = await ledger.verify();
  if (!whole.intact) wrong.push(`verify of the ledger: ${JSON.stringify(whole.problems)}`);
  counts.late += lateRecords.length;
  const { values } = await ledger.history(id, "value");
  const found = new Set(values);
  if (found.size !== values.length) wrong.push("points are there twice");
  for (const value of acknowledged) if (!found.has(value)) wrong.push(`${value} was acknowledged, and is not there`);
  counts.acknowledged = acknowledged.size;
  const { damage, status } = await ledger.getRun(id);
  if (damage.length > 0 || status === "running") wrong.push(`the record: ${status} ${JSON.stringify(damage)}`);
  return { wrong, trace: scheduler.trace, counts };
}
