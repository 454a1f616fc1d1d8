import { utf8Encoder } from "../bytes/utf8.ts";
import type { Backend, CreateOptions } from "../backend/backend.ts";
import { crc32 } from "../bytes/crc32.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { encodeSegment, MAX_SEGMENT_BYTES } from "../backend/key.ts";

/** The prefix of every object of the catalogue. */
export const CATALOG_PREFIX = "experiments";
/**
 * The key of an empty object. It says that every run of the ledger is in the catalogue. Without it, the catalogue may
 * lack runs: they are older than the catalogue, or somebody has removed parts of it. The name of an experiment never
 * begins with `=co` in a key.
 */
export const COMPLETE_KEY = "experiments/=complete";

/**
 * The prefix of empty objects, one for each experiment that has segments. The name of an experiment never begins with
 * `=co` in a key.
 */
export const SEGMENTED_PREFIX = "experiments/=compacted";

/**
 * Returns the key of the object that says that the experiment with this prefix has segments. It is created after the
 * first of them.
 */
export function segmentedKey(prefix: string): string {
  return `${SEGMENTED_PREFIX}/${prefix.slice(CATALOG_PREFIX.length + 1)}`;
}

/**
 * Returns the prefix of the experiment from which {@link segmentedKey} made this key, or `undefined` for any other key.
 */
export function parseSegmentedKey(key: string): string | undefined {
  const [name, ...more] = key.startsWith(`${SEGMENTED_PREFIX}/`)
    ? key.slice(SEGMENTED_PREFIX.length + 1).split("/")
    : [];
  return name === undefined || more.length > 0 ? undefined : `${CATALOG_PREFIX}/${name}`;
}

/**
 * What changed about a run since the segments of the catalogue were written. `open`: a session began when the run had
 * `number` documents. `closed`: the run has document `number`. `marked`: the run has marker `number` of its deletion or
 * restoration.
 */
export type EntryKind = "closed" | "marked" | "open";

/**
 * An entry says that a run has changed. It is an empty object: the key says what changed, and the objects of the run
 * have the new state.
 */
export interface CatalogEntry {
  readonly key: string;
  readonly runId: string;
  readonly kind: EntryKind;
  readonly number: number;
}

/** The letters of the kinds in keys. They also sort an entry after those that it supersedes. */
const LETTERS = { closed: "c", marked: "m", open: "o" } as const;
const KINDS: { readonly [letter: string]: EntryKind } = { c: "closed", m: "marked", o: "open" };
const SHAPE = /^([0-9A-Za-z][0-9A-Za-z_-]{0,63})\.([cmo])([0-9]{4}|[1-9][0-9]{4,8})$/;

/**
 * Returns the prefix of an experiment. Two experiments may share a prefix if their names are very long, or differ only
 * in Unicode's normal form. Every record names its experiment.
 */
export function experimentPrefix(experiment: string): string {
  return `${CATALOG_PREFIX}/${experimentSegment(experiment)}`;
}

/** Returns how keys have an experiment: the last part of {@link experimentPrefix}. */
export function experimentSegment(experiment: string): string {
  // The name of an experiment may take more bytes than a segment of a key allows.
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

/** Returns the key of an entry of an experiment with this prefix. */
export function entryKeyBelow(prefix: string, runId: string, kind: EntryKind, number: number): string {
  return `${prefix}/entries/${runId}.${LETTERS[kind]}${String(number).padStart(4, "0")}`;
}

/** Returns the entry with this key, or `undefined` for any other key. */
export function parseEntry(key: string): CatalogEntry | undefined {
  const match = SHAPE.exec(key.slice(key.lastIndexOf("/") + 1));
  if (match === null) return undefined;
  return { key, runId: match[1]!, kind: KINDS[match[2]!]!, number: Number(match[3]) };
}

/** Creates an empty object, unless it exists already. */
export async function createEmpty(backend: Backend, key: string, options: CreateOptions = {}): Promise<void> {
  try {
    await backend.create(key, new Uint8Array(0), options);
  } catch (error) {
    if (!LedgerError.hasCode(error, "EXISTS")) throw error;
  }
}

/**
 * Creates an entry, unless it exists already. The entry survives a power cut, because a catalogue that claims to be
 * complete must not show an older state of a run. Only the first entry of a run does without that: the run has no older
 * state.
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
