import { callOptions } from "../backend/call-options.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { parseFencedEndKey } from "../journal/fence.ts";
import { storedKind } from "../journal/inventory.ts";
import { parseLifecycleKey, readLifecycle } from "../journal/lifecycle.ts";
import { runPrefix } from "../journal/run-created.ts";
import type { RunSeal } from "../seal/run-seal.ts";
import type { SealedObject } from "../seal/sealed-objects.ts";
import type { ExpectedObject } from "./check-object.ts";
import { problemOf } from "./findings.ts";
import { type VerifyContext, verifyObjects } from "./verify-objects.ts";
import { findRemovedVersions } from "./verify-removals.ts";

const ADVICE = "The run was sealed with this object. Restore it from a copy of the ledger";
const isBlob = ({ key }: SealedObject): boolean => key.startsWith("blobs/");

/** Verifies everything that a seal covers. Returns the keys of what was added to the run since. */
export async function verifySealedRun(
  context: VerifyContext,
  seal: RunSeal,
  objects: readonly SealedObject[],
): Promise<string[]> {
  const { backend, findings, signal } = context;
  const prefix = runPrefix(seal.run);
  const late = new Set<string>();
  const { manifests, shown } = await findRemovedVersions(context, seal.run, objects);
  const kept = objects.filter(({ key }) => !manifests.has(key));
  if (manifests.size === 0) await verifyObjects(context, expected(kept, prefix, late), prefix, ADVICE);
  else {
    const own = kept.filter((object) => !isBlob(object));
    await verifyObjects(context, expected(own, prefix, late), prefix, ADVICE);
    const advice = `If it belonged to ${shown} alone, it was removed with that. Otherwise restore it from a copy of the ledger`;
    await verifyObjects(context, expected(kept.filter(isBlob), prefix, late), prefix, advice);
  }
  try {
    const marker = await findLate(context, seal, objects, late);
    await readLifecycle(backend, seal.run, marker, callOptions(signal));
  } catch (error) {
    signal?.throwIfAborted();
    if (!LedgerError.hasCode(error, "UNSUPPORTED")) findings.add(problemOf(error, prefix, ADVICE));
  }
  return [...late];
}

async function* expected(
  objects: readonly SealedObject[],
  prefix: string,
  late: Set<string>,
): AsyncGenerator<ExpectedObject, void, undefined> {
  for (const object of objects) {
    const { key } = object;
    // A session that was shut out may have appended something.
    const isJournal = key.startsWith(`${prefix}/journal/`);
    yield isJournal ? { ...object, onLonger: () => void late.add(key) } : object;
  }
}

/** Lists the run, and adds to `late` what the seal does not know. Returns the number of the newest marker. */
async function findLate(
  { backend, findings, signal }: VerifyContext,
  { run, uncounted }: RunSeal,
  objects: readonly SealedObject[],
  late: Set<string>,
): Promise<number> {
  const prefix = runPrefix(run);
  const known = new Set([...objects.map(({ key }) => key), ...uncounted.map((name) => `${prefix}/${name}`)]);
  const ends = new Map(objects.flatMap(({ key }) => endOf(key)));
  let marker = 0;
  for await (const { key } of backend.list(prefix, callOptions(signal))) {
    const kind = storedKind(key.slice(prefix.length + 1));
    if (kind === "lifecycle") marker = Math.max(marker, parseLifecycleKey(key) ?? 0);
    if (known.has(key) || kind === "seal" || kind === "lifecycle") continue;
    const [end] = endOf(key);
    // Two that seal a run at once may record two ends of a writer, of which the lower one counts.
    if (end && end[1] > (ends.get(end[0]) ?? Number.POSITIVE_INFINITY)) continue;
    late.add(key);
    if (kind !== "document") continue;
    const message = `${key} was added after run ${run} was sealed, and readers take it for the record of the run`;
    findings.add({ kind: "unsealed", key, message: `${message}. Remove it` });
  }
  return marker;
}

function endOf(key: string): [writer: string, next: number][] {
  const end = parseFencedEndKey(key);
  return end ? [[end.writer, end.next]] : [];
}
