import type { Backend } from "../backend/backend.ts";
import { concernsOneObject, LedgerError } from "../errors/ledger-error.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { Manifest } from "./manifest.ts";
import { entriesOf, ManifestStore, readManifest, tagOf } from "./manifests.ts";
import { isVersionTag, type ParsedRef, parseRef } from "./name.ts";
import type { NumberedEntry } from "./numbered-objects.ts";

/** Versions whose numbers lie so close together are listed at once. */
const MAX_GAP = 500;
const PARALLEL = 16;

/** What became of a version that somebody recorded. */
export interface VersionFate {
  /** `model:v3`. */
  readonly ref: string;
  readonly isRemoved: boolean;
  /** Where its manifest is, or was. */
  readonly entry: NumberedEntry;
}

/**
 * Returns what became of versions, by their references (`model:v3`). Those without any object are left out. Takes one
 * request for each name, and one more for each gap of 500 numbers. Returns nothing if the backend cannot list.
 */
export async function fatesOf(
  backend: Backend,
  refs: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Map<string, VersionFate>> {
  const manifests = new ManifestStore(backend, () => "");
  const fates = new Map<string, VersionFate>();
  await mapBounded([...rangesOf(refs)], PARALLEL, signal, async ({ name, wanted, lowest, highest }, stop) => {
    let entries: NumberedEntry[];
    try {
      entries = await manifests.withNumbers(name, highest, lowest, stop);
    } catch (error) {
      if (LedgerError.hasCode(error, "UNSUPPORTED")) return;
      throw error;
    }
    const byNumber = new Map<number, NumberedEntry[]>();
    for (const entry of entries) byNumber.set(entry.number, [...(byNumber.get(entry.number) ?? []), entry]);
    for (const { ref, tag, number } of wanted) {
      const matching = entriesOf(byNumber.get(number) ?? [], tag);
      const entry = matching.find(({ isRemoved }) => !isRemoved) ?? matching[0];
      if (entry !== undefined) fates.set(ref, { ref, isRemoved: entry.isRemoved, entry });
    }
  });
  return fates;
}

/** Returns the manifest of a version, also of a removed one, as long as the object is there and can be read. */
export async function manifestOf(
  backend: Backend,
  { ref, entry }: VersionFate,
  signal: AbortSignal | undefined,
): Promise<Manifest | undefined> {
  const key = entry.key.replace(/removed$/, "json");
  try {
    return (await readManifest(backend, parseRef(ref).name, { key, number: entry.number }, signal)).manifest;
  } catch (error) {
    if (!concernsOneObject(error)) throw error;
    return undefined;
  }
}

/** Returns the removed version that a reference names by its tag or its digest, or `undefined` if it names no such. */
export async function findRemoved(
  backend: Backend,
  parsed: ParsedRef,
  signal: AbortSignal | undefined,
): Promise<VersionFate | undefined> {
  const { name } = parsed;
  if (parsed.by === "digest") {
    const entry = await new ManifestStore(backend, () => "").removedWithDigest(name, parsed.hex, signal);
    return entry && { ref: `${name}:${tagOf(entry)}`, isRemoved: true, entry };
  }
  if (parsed.by !== "version") return undefined;
  const ref = `${name}:${parsed.version}`;
  const fate = (await fatesOf(backend, [ref], signal)).get(ref);
  return fate?.isRemoved ? fate : undefined;
}

interface Wanted {
  readonly ref: string;
  readonly tag: string;
  readonly number: number;
}

/** Versions of one name whose numbers lie close together. */
interface Range {
  readonly name: string;
  readonly wanted: Wanted[];
  readonly lowest: number;
  readonly highest: number;
}

/** Yields what has to be listed to find versions. */
function* rangesOf(refs: readonly string[]): Generator<Range, void, undefined> {
  const byName = new Map<string, Wanted[]>();
  for (const ref of refs) {
    // A record may hold anything.
    const [name, tag = "", ...more] = ref.split(":");
    if (name === undefined || more.length > 0 || !isVersionTag(tag) || !isName(name)) continue;
    const wanted = { ref, tag, number: Number.parseInt(tag.slice(1), 10) };
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [wanted]);
    else known.push(wanted);
  }
  for (const [name, all] of byName) {
    all.sort((a, b) => a.number - b.number);
    let wanted: Wanted[] = [];
    for (const [i, each] of all.entries()) {
      wanted.push(each);
      const next = all[i + 1]?.number ?? Number.POSITIVE_INFINITY;
      if (next - each.number <= MAX_GAP) continue;
      yield { name, wanted, lowest: wanted[0]?.number ?? each.number, highest: each.number };
      wanted = [];
    }
  }
}

function isName(name: string): boolean {
  try {
    return parseRef(name).name === name;
  } catch {
    return false;
  }
}
