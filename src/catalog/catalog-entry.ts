import { utf8Encoder } from "../bytes/utf8.ts";
import type { Backend, CreateOptions } from "../backend/backend.ts";
import { crc32 } from "../bytes/crc32.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { encodeSegment, MAX_SEGMENT_BYTES } from "../backend/key.ts";

/** All of the catalogue is below it. */
export const CATALOG_PREFIX = "experiments";
/**
 * An empty object that says: every run of the ledger is entered. Without it the catalogue, as far as there is one, is younger than some of
 * the runs, or what was before was done away with. No experiment's segment begins like that.
 */
export const COMPLETE_KEY = "experiments/=complete";

/** Below it stands, for each experiment, an empty object that says: it has segments. No experiment's segment begins like that. */
export const SEGMENTED_PREFIX = "experiments/=compacted";

/** The object that says that the experiment with this prefix has segments. It is created behind the first of them. */
export function segmentedKey(prefix: string): string {
  return `${SEGMENTED_PREFIX}/${prefix.slice(CATALOG_PREFIX.length + 1)}`;
}

/** The prefix of the experiment that {@link segmentedKey} was made of, or `undefined` for any other key. */
export function parseSegmentedKey(key: string): string | undefined {
  const [name, ...more] = key.startsWith(`${SEGMENTED_PREFIX}/`)
    ? key.slice(SEGMENTED_PREFIX.length + 1).split("/")
    : [];
  return name === undefined || more.length > 0 ? undefined : `${CATALOG_PREFIX}/${name}`;
}

/**
 * What changed about a run since the catalogue's segments were written. `open`: a session began when the run had `number`
 * documents. `closed`: document `number` is there. `marked`: marker `number` of its deletion or restoration is there.
 */
export type EntryKind = "closed" | "marked" | "open";

/** An entry is an empty object: its key says all there is to say, and the run's own objects have the rest. */
export interface CatalogEntry {
  readonly key: string;
  readonly runId: string;
  readonly kind: EntryKind;
  readonly number: number;
}

/** Their first letters also put an entry behind those that it makes void. */
const LETTERS = { closed: "c", marked: "m", open: "o" } as const;
const KINDS: { readonly [letter: string]: EntryKind } = { c: "closed", m: "marked", o: "open" };
const SHAPE = /^([0-9A-Za-z][0-9A-Za-z_-]{0,63})\.([cmo])([0-9]{4}|[1-9][0-9]{4,8})$/;

/**
 * The prefix of an experiment. Two experiments may share one, if their names differ in Unicode's normal form alone, or are very
 * long: every record names its experiment.
 */
export function experimentPrefix(experiment: string): string {
  return `${CATALOG_PREFIX}/${experimentSegment(experiment)}`;
}

function experimentSegment(experiment: string): string {
  // A name of a run's experiment may take more bytes than a segment.
  let short = experiment;
  for (let most = experiment.length; ; most = Math.floor(most / 2)) {
    short = [...experiment].slice(0, most).join("");
    try {
      const segment = encodeSegment(short, "experiment");
      if (short === experiment) return segment;
      const sum = crc32(utf8Encoder().encode(experiment)).toString(16).padStart(8, "0");
      if (segment.length + 10 <= MAX_SEGMENT_BYTES) return `${segment}=~${sum}`;
    } catch (error) {
      if (!LedgerError.is(error) || most === 0) throw error;
    }
  }
}

export function entryKey(experiment: string, runId: string, kind: EntryKind, number: number): string {
  return entryKeyBelow(experimentPrefix(experiment), runId, kind, number);
}

/** {@link entryKey} where only the prefix of the experiment is known. */
export function entryKeyBelow(prefix: string, runId: string, kind: EntryKind, number: number): string {
  return `${prefix}/entries/${runId}.${LETTERS[kind]}${String(number).padStart(4, "0")}`;
}

/** The entry with that key, or `undefined` for any other key. */
export function parseEntry(key: string): CatalogEntry | undefined {
  const match = SHAPE.exec(key.slice(key.lastIndexOf("/") + 1));
  if (match === null) return undefined;
  return { key, runId: match[1]!, kind: KINDS[match[2]!]!, number: Number(match[3]) };
}

/** Creates an object without content. That somebody did before is as good. */
export async function createEmpty(backend: Backend, key: string, options: CreateOptions = {}): Promise<void> {
  try {
    await backend.create(key, new Uint8Array(0), options);
  } catch (error) {
    if (!LedgerError.hasCode(error, "EXISTS")) throw error;
  }
}

/**
 * Enters it, if nobody did before. The entry survives a power cut unless it is the first of a run: a catalogue that says it is
 * complete must not be left with an older state of a run. Of a run that has just begun nothing older is there.
 */
export async function enter(
  backend: Backend,
  experiment: string,
  runId: string,
  kind: EntryKind,
  number: number,
  signal?: AbortSignal,
): Promise<void> {
  const durable = kind !== "open" || number > 0;
  const options = { ...(durable && { durable }), ...(signal && { signal }) };
  await createEmpty(backend, entryKey(experiment, runId, kind, number), options);
}
