import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import { listRun } from "../journal/list-run.ts";
import type { PackedContent } from "../journal/media-entry.ts";
import { MAX_READ_PACKED_BYTES, type MediaPackEntry, neededPacks } from "../journal/media-pack.ts";
import { isWriterId } from "../journal/record-checks.ts";
import { runPrefix } from "../journal/run-created.ts";
import { abortable } from "../platform/abort.ts";
import { checkRunId } from "./read-run.ts";

/** How many runs the ledger remembers the packs of. */
const REMEMBERED = 16;
/** At most this many packs are tried for one content. More than one holds a place only after a copied session. */
const TRIES = 4;

type Packs = readonly MediaPackEntry[];

/** The packs of runs that were listed last, by backend and run. */
const listed = new WeakMap<Backend, Map<string, Promise<Packs>>>();

/**
 * Returns a content from a pack. Lists the packs of a run once, and again if they do not hold the content: packs are
 * added, and replaced by larger ones that repeat them. Rejects with `CORRUPT` if no pack has the bytes with this
 * SHA-256, and without reading it if `size` is not a number of bytes that such a content may have.
 */
export async function readPacked(
  backend: Backend,
  packed: PackedContent,
  { hex, size }: { readonly hex: string; readonly size: number },
  signal: AbortSignal | undefined,
): Promise<{ name: string; bytes: Uint8Array }> {
  const { run, stream, offset } = checkPlace(packed);
  const prefix = `${runPrefix(run)}/media/${stream}`;
  if (!Number.isSafeInteger(size) || size < 0 || size > MAX_READ_PACKED_BYTES)
    throw new LedgerError("CORRUPT", `${prefix} cannot hold a value of the ${size} bytes that are recorded`, {
      key: prefix,
    });
  const { sha256Hex } = await loadSha256();
  let last: Promise<Packs> | undefined;
  let tried: string | undefined;
  for (let attempt = 0; attempt < 2; attempt++) {
    const before: Promise<Packs> | undefined = last;
    last = packsOf(backend, run, before);
    const packs: Packs = await abortable(last, signal);
    const holding = packs.filter((pack) => pack.stream === stream && pack.from <= offset && offset + size <= pack.to);
    for (const { name, from } of holding.slice(0, TRIES)) {
      const key = `${runPrefix(run)}/${name}`;
      const range = { offset: offset - from, length: size };
      const bytes = await backend.read(key, { range, ...callOptions(signal) }).catch((error: unknown) => {
        if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
        throw error;
      });
      if (bytes === undefined) continue;
      tried = key;
      if (bytes.length === size && (await sha256Hex(bytes)) === hex) return { name: key, bytes };
    }
  }
  const message =
    tried === undefined ? "is missing" : `does not have the ${size} bytes from ${offset} on that were recorded`;
  throw new LedgerError("CORRUPT", `${tried ?? prefix} ${message}`, { key: tried ?? prefix, operation: "read" });
}

function checkPlace(packed: PackedContent): PackedContent {
  const { run, stream, offset } = (typeof packed === "object" ? (packed ?? {}) : {}) as Partial<PackedContent>;
  if (!isWriterId(stream) || !Number.isSafeInteger(offset) || (offset as number) < 0)
    throw invalidArgument("entry.packed", "the place that a MediaEntry has", packed);
  return { run: checkRunId(run, "entry.packed.run"), stream, offset: offset as number };
}

/** Returns the packs of a run. Lists them unless they are known from another listing than `stale`. */
function packsOf(backend: Backend, run: string, stale: Promise<Packs> | undefined): Promise<Packs> {
  const runs = listed.get(backend) ?? new Map<string, Promise<Packs>>();
  listed.set(backend, runs);
  const known = runs.get(run);
  if (known !== undefined && known !== stale) return known;
  const packs = listRun(backend, run).then(({ media }) => neededPacks(media));
  runs.delete(run);
  runs.set(run, packs);
  for (const [oldest] of runs) {
    if (runs.size <= REMEMBERED) break;
    runs.delete(oldest);
  }
  packs.catch(() => {
    if (runs.get(run) === packs) runs.delete(run);
  });
  return packs;
}
