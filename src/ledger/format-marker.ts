import { utf8Decoder } from "../bytes/utf8.ts";
import type { Backend, CallOptions } from "../backend/backend.ts";
import type { Clock } from "../platform/clock.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { COMPLETE_KEY, createEmpty } from "../catalog/catalog-entry.ts";
import { decodeCheckedJson, encodeCheckedJson } from "../bytes/checked-json.ts";
import { decodeJson } from "../bytes/decode-json.ts";
import { onDemand } from "../platform/on-demand.ts";

const searching = /* @__PURE__ */ onDemand(() => import("./lost-marker.ts"));

/** The first object of every ledger. */
export const MARKER_KEY = "ledger.json";
/** The version of the layout that this library writes, and the newest version that it reads. */
export const FORMAT_VERSION = 1;

/** In a damaged marker: perhaps of a later version, to whose place nothing may be added. */
const OTHER_VERSION = /"version":(?!1[,}])/;

/** Names that people, systems and tools put into otherwise empty directories. No object of a ledger has such a name. */
const ACCOMPANYING = /^(?:\.|lost\+found\/|(?:readme|license)(?:\.[a-z]{1,5})?$|(?:eh)?thumbs\.db$|desktop\.ini$)/i;

/** The marker of an open ledger. */
export interface Marker {
  /** What the marker has to be. */
  readonly bytes: Uint8Array;
  /** What was there instead when the ledger was opened: damaged bytes, or nothing. */
  readonly lost?: { readonly found: Uint8Array | undefined; readonly error: LedgerError };
}

/**
 * Writes the marker of an open ledger again if another program has removed or cut it, or if it is damaged since before
 * the ledger was opened. Returns what that program did, or `undefined` if the marker is whole. A longer marker stays as
 * it is: only a later version of the library writes one.
 */
export async function keepMarker(
  backend: Backend,
  { bytes: marker, lost }: Marker,
): Promise<"cut" | "removed" | undefined> {
  const entry = await backend.stat(MARKER_KEY);
  const isDamaged = lost?.found !== undefined && isSame(await readMarker(backend), lost.found);
  if (entry !== undefined && entry.size >= marker.length && !isDamaged) return undefined;
  if (entry !== undefined) await backend.remove(MARKER_KEY);
  try {
    await backend.create(MARKER_KEY, marker);
  } catch (error) {
    if (!LedgerError.hasCode(error, "EXISTS")) throw error;
  }
  return entry === undefined ? "removed" : "cut";
}

/**
 * Checks that a place is a ledger that this library can read. Makes a ledger of an empty place. The loss of the marker
 * never takes the runs with it: a place with a run that can be read is a ledger. Rejects with `NOT_A_LEDGER`,
 * `FORMAT_TOO_NEW`, `CORRUPT`, or with the backend's error.
 */
export async function checkMarker(backend: Backend, clock: Clock, call: CallOptions): Promise<Marker> {
  for (let attempt = 1; ; attempt++) {
    const found = await readMarker(backend, call);
    if (found !== undefined) {
      const error = whyUnreadable(found, backend);
      if (error === undefined) return { bytes: found };
      const isLost = error.code === "CORRUPT" && !OTHER_VERSION.test(utf8Decoder().decode(found));
      if (isLost && (await (await searching()).holdsRun(backend, call)))
        return { bytes: newMarker(clock), lost: { found, error: lostMarker("damaged", error) } };
      throw error;
    }
    const other = await otherKey(backend, call);
    if (other !== undefined) {
      // Another process may have made the ledger, and begun a run, at this moment.
      if (attempt < 5 && (await backend.stat(MARKER_KEY, call)) !== undefined) continue;
      if (await (await searching()).holdsRun(backend, call))
        return { bytes: newMarker(clock), lost: { found, error: lostMarker("missing") } };
      throw notALedger(backend, `it has no ${MARKER_KEY}, but holds ${JSON.stringify(other)}`);
    }
    if (backend.capabilities.readOnly === true) throw notALedger(backend, `it has no ${MARKER_KEY}`);
    const bytes = newMarker(clock);
    // The catalogue is complete from the start, because no run exists yet, even if another process creates this ledger,
    // too.
    const [marked, completed] = await Promise.allSettled([
      backend.create(MARKER_KEY, bytes, call),
      createEmpty(backend, COMPLETE_KEY, call),
    ]);
    if (marked.status === "rejected") {
      if (!LedgerError.hasCode(marked.reason, "EXISTS") || attempt === 5) throw atPlace(marked.reason, backend);
      continue;
    }
    if (completed.status === "rejected") throw completed.reason;
    return { bytes };
  }
}

function newMarker(clock: Clock): Uint8Array {
  return encodeCheckedJson({ format: "runledger", version: FORMAT_VERSION, createdAt: clock.now() }, "ledger");
}

/** Returns a key that neither a new ledger nor the system has put there. */
async function otherKey(backend: Backend, call: CallOptions): Promise<string | undefined> {
  for await (const { key } of backend.list("", call))
    if (key !== MARKER_KEY && key !== COMPLETE_KEY && !ACCOMPANYING.test(key)) return key;
  return undefined;
}

async function readMarker(backend: Backend, call: CallOptions = {}): Promise<Uint8Array | undefined> {
  try {
    return await backend.read(MARKER_KEY, { ...call, range: { offset: 0, length: 64 * 1024 } });
  } catch (error) {
    if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

function whyUnreadable(bytes: Uint8Array, backend: Backend): LedgerError | undefined {
  let value: unknown;
  try {
    value = decodeCheckedJson(bytes, undefined, "version");
  } catch (cause) {
    if (isForeign(bytes)) return notALedger(backend, `another program wrote its ${MARKER_KEY}`);
    return new LedgerError("CORRUPT", `${MARKER_KEY} cannot be read: it is damaged, or another program wrote it`, {
      key: MARKER_KEY,
      cause,
    });
  }
  // Checked by hand, because a schema library would double the code that opening a ledger loads.
  const { format, version } = (typeof value === "object" && value !== null ? value : {}) as {
    format?: unknown;
    version?: unknown;
  };
  if (format !== "runledger" || typeof version !== "number")
    return notALedger(backend, `another program wrote its ${MARKER_KEY}`);
  if (version > FORMAT_VERSION) {
    return new LedgerError(
      "FORMAT_TOO_NEW",
      `the ledger has format version ${version}; this library reads up to ${FORMAT_VERSION}: update it`,
      { key: MARKER_KEY },
    );
  }
  return undefined;
}

/** Returns the error for the listener of a ledger that is read without its marker. */
function lostMarker(how: "damaged" | "missing", cause?: LedgerError): LedgerError {
  const message =
    `${MARKER_KEY} is ${how}, but there are runs that can be read, so the ledger was opened. The next run that is ` +
    "started, resumed or finished writes it again";
  return new LedgerError("CORRUPT", message, { operation: "openLedger", key: MARKER_KEY, cause });
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a?.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Returns whether these bytes are the JSON of another program. */
function isForeign(bytes: Uint8Array): boolean {
  try {
    const text = utf8Decoder({ fatal: true }).decode(bytes);
    // Some programs begin JSON with a byte order mark.
    const value = decodeJson(text.replace(/^\ufeff/, ""));
    if (typeof value !== "object" || value === null) return true;
    return !("crc32" in value) && (value as { format?: unknown }).format !== "runledger";
  } catch {
    return false;
  }
}

/** Returns a name of the place for people: `fs, /data/runs`. */
function placeOf({ name, locate }: Backend): string {
  const location = locate?.(MARKER_KEY);
  if (location === undefined) return name;
  const path = location.kind === "file" ? location.path : `${location.bucket}/${location.key}`;
  return `${name}, ${path.slice(0, -MARKER_KEY.length - 1)}`;
}

/** Explains a `CONFLICT`: the path of the place leads through a file, or is a file. */
function atPlace(reason: unknown, backend: Backend): unknown {
  if (!LedgerError.hasCode(reason, "CONFLICT")) return reason;
  const { key, operation, message } = reason;
  const said = `this place (${placeOf(backend)}) cannot be a ledger: ${message}`;
  return new LedgerError("CONFLICT", said, { key, operation, cause: reason });
}

function notALedger(backend: Backend, why: string): LedgerError {
  return new LedgerError(
    "NOT_A_LEDGER",
    `this place (${placeOf(backend)}) is not a ledger: ${why}. Choose an empty place, or the place of the ledger`,
    { key: MARKER_KEY },
  );
}
