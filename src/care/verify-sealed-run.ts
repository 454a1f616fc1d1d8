import { callOptions } from "../backend/call-options.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { Entry } from "../backend/backend.ts";
import { ownValue } from "../bytes/dictionary.ts";
import { type Compacted, isCompacted } from "../journal/compacted.ts";
import { parseFencedEndKey } from "../journal/fence.ts";
import { storedKind } from "../journal/inventory.ts";
import { parseLifecycleKey, readLifecycle } from "../journal/lifecycle.ts";
import { readBareDocument } from "../journal/read-run-document.ts";
import { runPrefix } from "../journal/run-created.ts";
import { parseRunDocumentKey, runDocumentKey } from "../journal/run-document.ts";
import { sealKey } from "../journal/sealing.ts";
import { parseSegmentKey } from "../journal/segment.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { RunSeal } from "../seal/run-seal.ts";
import type { SealedObject } from "../seal/sealed-objects.ts";
import type { ExpectedObject } from "./check-object.ts";
import { problemOf } from "./findings.ts";
import { type VerifyContext, verifyObjects } from "./verify-objects.ts";
import { findRemovedVersions } from "./verify-removals.ts";

const probing = /* @__PURE__ */ onDemand(() => import("../journal/probe-run.ts"));
const ADVICE = "The run was sealed with this object. Restore it from a copy of the ledger";
const isBlob = ({ key }: SealedObject): boolean => key.startsWith("blobs/");

/** What a seal covers, and what was found beyond it. */
interface Found {
  readonly objects: readonly SealedObject[];
  /** The keys of what was added to the run since. */
  readonly late: Set<string>;
  /** Prefixes below which nothing could be looked for. */
  readonly unchecked: string[];
}

/** Verifies everything that a seal covers. Returns the keys of what was added to the run since. */
export async function verifySealedRun(
  context: VerifyContext,
  seal: RunSeal,
  objects: readonly SealedObject[],
): Promise<{ readonly late: readonly string[]; readonly unchecked: readonly string[] }> {
  const { backend, findings, signal } = context;
  const prefix = runPrefix(seal.run);
  const late = new Set<string>();
  const unchecked: string[] = [];
  const { manifests, shown } = await findRemovedVersions(context, seal.run, objects);
  const kept = objects.filter(({ key }) => !manifests.has(key));
  if (manifests.size === 0) await verifyObjects(context, expected(kept, prefix, late), prefix, ADVICE);
  else {
    const own = kept.filter((object) => !isBlob(object));
    await verifyObjects(context, expected(own, prefix, late), prefix, ADVICE);
    const advice = `If it belonged to ${shown} alone, it was removed with that. Otherwise restore it from a copy of the ledger`;
    await verifyObjects(context, expected(kept.filter(isBlob), prefix, late), prefix, advice);
  }
  const last = runDocumentKey(seal.run, seal.document);
  if (objects.every(({ key }) => key !== last)) {
    const message = `${sealKey(seal.run)} was changed: the seal does not cover ${last}, which it names. ${ADVICE}`;
    findings.add({ kind: "digest", key: sealKey(seal.run), message });
  }
  try {
    const marker = await findLate(context, seal, { objects, late, unchecked });
    await readLifecycle(backend, seal.run, marker, callOptions(signal));
  } catch (error) {
    signal?.throwIfAborted();
    findings.add(problemOf(error, prefix, ADVICE));
  }
  return { late: [...late], unchecked };
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

/**
 * Lists the run, and adds to `late` what the seal does not know. Returns the number of the newest marker. If the store
 * cannot list, it looks for newer documents and markers by their keys, and adds to `unchecked` that it did not list.
 */
async function findLate(context: VerifyContext, seal: RunSeal, found: Found): Promise<number> {
  const { backend, signal } = context;
  const prefix = runPrefix(seal.run);
  const { objects, late, unchecked } = found;
  const known = new Set(objects.map(({ key }) => key));
  const ends = new Map(objects.flatMap(({ key }) => endOf(key)));
  const segments: Entry[] = [];
  let marker = 0;
  try {
    for await (const { key, size } of backend.list(prefix, callOptions(signal))) {
      const kind = storedKind(key.slice(prefix.length + 1));
      if (kind === "lifecycle") marker = Math.max(marker, parseLifecycleKey(key) ?? 0);
      // Whatever the list of sealed objects says: readers take the one with the highest number.
      const isNewer = kind === "document" && (parseRunDocumentKey(key) ?? 0) > seal.document;
      if (isNewer) unsealed(context, seal.run, key);
      if ((known.has(key) && !isNewer) || kind === "seal" || kind === "lifecycle") continue;
      const [end] = endOf(key);
      // Two that seal a run at once may record two ends of a writer, of which the lower one counts.
      if (end && end[1] > (ends.get(end[0]) ?? Number.POSITIVE_INFINITY)) continue;
      if (kind === "journal") segments.push({ key, size });
      else late.add(key);
    }
  } catch (error) {
    if (!LedgerError.hasCode(error, "UNSUPPORTED")) throw error;
    unchecked.push(prefix);
    const { probeDocuments, probeLifecycle } = await probing();
    const newest = await probeDocuments(backend, seal.run, callOptions(signal));
    if (newest > seal.document) unsealed(context, seal.run, runDocumentKey(seal.run, newest));
    return await probeLifecycle(backend, seal.run, callOptions(signal));
  }
  for (const key of await lateSegments(context, seal, segments)) late.add(key);
  return marker;
}

function unsealed({ findings }: VerifyContext, run: string, key: string): void {
  const message = `${key} was added after run ${run} was sealed, and readers take it for the record of the run`;
  findings.add({ kind: "unsealed", key, message: `${message}. Remove it` });
}

/** Returns the keys of those segments whose records the sealed document does not have. */
async function lateSegments(
  { backend, signal }: VerifyContext,
  { run, document: number }: RunSeal,
  segments: readonly Entry[],
): Promise<string[]> {
  const keys = segments.map(({ key }) => key);
  if (keys.length === 0) return keys;
  let ends: Compacted["ends"];
  try {
    const { document } = await readBareDocument(backend, run, number, callOptions(signal));
    ends = document?.compacted?.ends ?? {};
  } catch (error) {
    signal?.throwIfAborted();
    if (LedgerError.is(error)) return keys; // Its problem is known.
    throw error;
  }
  return segments.flatMap(({ key, size }) => {
    const segment = parseSegmentKey(key);
    return segment && isCompacted(ownValue(ends, segment.writer), segment.seq, size) ? [] : [key];
  });
}

function endOf(key: string): [writer: string, next: number][] {
  const end = parseFencedEndKey(key);
  return end ? [[end.writer, end.next]] : [];
}
