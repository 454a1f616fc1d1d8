import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { type Backend, openLedger } from "../../../src/index.ts";
import { decodeEvent } from "../../../src/journal/decode-event.ts";
import { listSegments } from "../../journal/list-segments.ts";
import { type JournalVisitor, readWriter } from "../../../src/journal/journal-reader.ts";
import { seededIds, type TestClock } from "../../../src/testing/index.ts";
import type { Known, Session } from "./known.ts";

/** A writer as the journals tell of it. */
interface Recorded {
  readonly rows: { readonly value: number; readonly step: number }[];
  /** How many fences its session began behind. */
  fence: number;
}

async function recorded(objects: ReadonlyMap<string, Uint8Array>, runId: string): Promise<Map<string, Recorded>> {
  const backend = memoryBackend();
  backend.restore(objects);
  const writers = new Map<string, Recorded>();
  for (const [writer, segments] of await listSegments(backend, runId)) {
    const found: Recorded = { rows: [], fence: 0 };
    writers.set(writer, found);
    const visitor: JournalVisitor = {
      row: (_n, _keys, step, _time, values) => void found.rows.push({ step, value: values[0] as number }),
      event: (_n, event) => {
        if (event.kind === "session") found.fence = event.fence ?? 0;
      },
      damage: () => {},
    };
    await readWriter(backend, runId, segments, visitor, undefined, 0, decodeEvent);
  }
  return writers;
}

/** Holds what is in the place against what is known. */
export async function judge(
  known: Known,
  place: Backend,
  clock: TestClock,
  slowAnswers: boolean,
  everything: () => ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const { wrong, sessions, claims, runId } = known;
  const writers = await recorded(everything(), runId);
  const fenceOf = (session: Session): number => writers.get(session.writer)?.fence ?? 0;
  const accepted = (session: Session): Session["logged"] => session.logged.slice(0, session.acknowledged);

  const held = claims.map(({ session }) => fenceOf(session));
  if (new Set(held).size < held.length) wrong.push(`two sessions claimed one fence, of ${held.join()}`);
  for (const { session: claim, at, objects } of claims) {
    const fence = fenceOf(claim);
    if (fence === 0) wrong.push(`${claim.actor} resolved and its session is not on record`);
    const stored = new Set(
      [...(await recorded(objects, runId)).values()].flatMap(({ rows }) => rows.map((row) => row.value)),
    );
    const firstStep = writers.get(claim.writer)?.rows[0]?.step ?? Number.POSITIVE_INFINITY;
    for (const older of sessions) {
      if (older === claim || fenceOf(older) >= fence) continue;
      const who = `${older.actor} (behind ${fenceOf(older)}), fenced by ${claim.actor} (${fence})`;
      // Where answers are not slow, nothing is acknowledged any more; where they are, nothing that was not there already.
      if (!slowAnswers && older.acknowledgedAt > at) wrong.push(`${who}, had rows acknowledged later`);
      for (const row of accepted(older)) {
        if (row.at > at) wrong.push(`${who}, logged ${row.value} later and had it acknowledged`);
        if (!stored.has(row.value))
          wrong.push(`${who}, had ${row.value} acknowledged, and the claim knew nothing of it`);
        if (row.step !== undefined && row.step >= firstStep)
          wrong.push(`${who}, had step ${row.step} acknowledged, and the claim went on with ${firstStep}`);
      }
    }
  }

  let fences = 0;
  for await (const { key } of place.list(`runs/${runId}/fences`)) if (key.endsWith(".json")) fences++;
  for (const session of sessions) {
    if (session.fenced && fenceOf(session) >= fences)
      wrong.push(`nothing shut out ${session.actor}, and it was told so`);
  }

  const ledger = await openLedger(place, { clock, ids: seededIds(1, () => clock.now()), onError: () => {} });
  const { values } = await ledger.history(runId, "value");
  const found = new Set(values);
  if (found.size !== values.length) wrong.push("a row is there twice");
  for (const session of sessions) {
    for (const { value } of accepted(session))
      if (!found.has(value)) wrong.push(`${value} was acknowledged and is lost`);
    for (const { value } of session.logged) found.delete(value);
  }
  if (found.size > 0) wrong.push(`nobody logged ${[...found].join()}`);
  const record = await ledger.getRun(runId);
  if ((record.metrics["value"]?.count ?? 0) !== values.length) wrong.push("the record counts other rows");
  if (record.damage.length > 0) wrong.push(`damage: ${JSON.stringify(record.damage)}`);

  // Whatever older writers stored last, the sessions behind the last fence decide.
  const highest = Math.max(0, ...[...writers.values()].map(({ fence }) => fence));
  const newest = sessions.filter((session) => fenceOf(session) === highest);
  const alone = [...writers.values()].filter(({ fence }) => fence === highest).length === 1;
  if (highest > 0 && newest.length === 1 && alone) {
    const { finish, actor } = newest[0] as Session;
    const expected = finish === "done" ? "finished" : finish === "not tried" ? "running" : undefined;
    if (expected && record.status !== expected) wrong.push(`it is ${record.status}, and for ${actor} ${expected}`);
  }

  await ledger.recover(runId, { graceMs: 0 });
  const { status } = await ledger.getRun(runId);
  if (status === "running") wrong.push("recovery left it running");
  const joined = await ledger.resumeRun(runId);
  joined.log({ value: -1 });
  await joined.finish();
  const after = await ledger.history(runId, "value");
  if (after.values.length !== values.length + 1)
    wrong.push(`after recovery and a join ${after.values.length} rows are there`);
  const closed = await ledger.getRun(runId);
  if (closed.status !== "finished") wrong.push(`after a join finished it, it is ${closed.status}`);
}
