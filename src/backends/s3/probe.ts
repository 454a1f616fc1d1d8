import type { CallOptions } from "../../backend/backend.ts";
import { equalBytes } from "../../backend/body.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { abortable } from "../../platform/abort.ts";
import { isUnknownHeader } from "./checksum.ts";
import { isTaken, putHeaders } from "./condition.ts";
import type { Fault } from "./errors.ts";
import { CONFLICTS, failure } from "./errors.ts";
import type { Client, Outcome } from "./request.ts";

/**
 * How a bucket treats `If-None-Match: *` on a PUT:
 * - `atomic`: of several requests for one key at once, exactly one succeeds;
 * - `racy`: several may succeed, but an existing object is not replaced later;
 * - `ignored`: an existing object is replaced;
 * - `refused`: the store answers with an error;
 * - `none`: the option `conditionalWrites` forbids them, and the store was not asked.
 */
export type ConditionalWrites = "atomic" | "racy" | "ignored" | "refused" | "none";

/**
 * Finds out how the backend's bucket treats conditional writes, once per bucket, prefix and process: 11 small requests
 * on AWS, 59 elsewhere, with 16 MiB of bodies. With the option `conditionalWrites` it returns what the option says.
 */
export function probeConditionalWrites(
  backend: {
    /** Finds out whether the store makes creates exclusive. */
    probe(options?: CallOptions): Promise<ConditionalWrites>;
  },
  options?: CallOptions,
): Promise<ConditionalWrites> {
  return backend.probe(options);
}

/** A race for one key: the number of requests, and the bytes in the body of each. */
interface Race {
  readonly racers: number;
  readonly bytes: number;
}

const KIB = 1024;
const FIRST: Race = { racers: 8, bytes: 64 * KIB };
/**
 * A store that first checks the key and then stores can only be detected if a request arrives in between. That is most
 * likely with two requests whose bodies take a while to arrive, and it differs between stores. So there are many races
 * of several sizes.
 */
const MORE: readonly Race[] = [1024, 4, 1024, 256, 1024, 64, 1024, 16, 1024, 256, 1024, 1024].map((kib) => ({
  racers: 2,
  bytes: kib * KIB,
}));
/** The longest bodies of races in a bucket that keeps removed objects, or over a slow connection. */
const SHORT_BYTES = 64 * KIB;
const SLOW_MS = 3000;
const MAX_MIXED_ROUNDS = 3;
const REST_MS = 60_000;
const MAX_ANSWER_BYTES = 64 * 1024;

interface Finding {
  known: ConditionalWrites | undefined;
  running: Promise<ConditionalWrites | undefined> | undefined;
}

// Findings by `fetch`, because a mock of the network may use the name of a real store.
const findings = new WeakMap<typeof globalThis.fetch, Map<string, Finding>>();

function findingFor({ settings }: Client): Finding {
  const places = findings.get(settings.fetch) ?? new Map<string, Finding>();
  findings.set(settings.fetch, places);
  const { address, base, region } = settings;
  const place = JSON.stringify([address.endpoint?.href ?? region, address.bucket, base]);
  const finding = places.get(place) ?? { known: undefined, running: undefined };
  places.set(place, finding);
  return finding;
}

/** Finds out, when first asked, how a bucket treats conditional writes. */
export class ConditionProbe {
  readonly #client: Client;
  readonly #finding: Finding;
  #restUntil = -Infinity;

  constructor(client: Client) {
    const { conditionalWrites } = client.settings;
    this.#client = client;
    this.#finding =
      conditionalWrites === undefined ? findingFor(client) : { known: conditionalWrites, running: undefined };
  }

  get known(): ConditionalWrites | undefined {
    return this.#finding.known;
  }

  /**
   * Records that the store refused a condition outside of a probe. Throws `UNSUPPORTED` if the options state that it
   * supports them.
   */
  refuse(creation: { readonly operation: string; readonly key: string }): void {
    if (this.#client.settings.conditionalWrites === "atomic") {
      const why = 'the store does not have conditional writes, although the option conditionalWrites is "atomic"';
      throw failure(this.#client.subject(creation), "UNSUPPORTED", why, { field: "conditionalWrites" });
    }
    this.#finding.known = "refused";
  }

  /** Returns the finding, or `undefined` if a reachable store gave none now. */
  async mode(creation: {
    readonly operation: string;
    readonly key: string;
    readonly signal: AbortSignal | undefined;
  }): Promise<ConditionalWrites | undefined> {
    const { clock } = this.#client.settings;
    if (this.known !== undefined || clock.monotonic() < this.#restUntil) return this.known;
    try {
      const found = await this.#find(creation.signal);
      if (found === undefined) this.#restUntil = clock.monotonic() + REST_MS;
      return found;
    } catch (error) {
      creation.signal?.throwIfAborted();
      if (!LedgerError.is(error)) throw error;
      // The credentials may allow only some keys.
      if (error.code !== "PERMISSION_DENIED") throw this.#retold(error, creation);
      this.#restUntil = clock.monotonic() + REST_MS;
      return undefined;
    }
  }

  /** Returns what the probe found. Rejects if it found nothing. */
  async probe(signal: AbortSignal | undefined): Promise<ConditionalWrites> {
    const found = this.known ?? (await this.#find(signal));
    if (found !== undefined) return found;
    const why = "the store's answers were too inconsistent to tell how it treats conditional writes; try again later";
    throw failure(this.#client.subject({ operation: OPERATION }), "UNAVAILABLE", why, { transient: true });
  }

  #retold(error: LedgerError, creation: { readonly operation: string; readonly key: string }): LedgerError {
    const why = error.message.startsWith(`${OPERATION}: `) ? error.message.slice(OPERATION.length + 2) : error.message;
    return failure(this.#client.subject(creation), error.code, why, error);
  }

  #find(signal: AbortSignal | undefined): Promise<ConditionalWrites | undefined> {
    // Without a signal, because all calls share the probe.
    this.#finding.running ??= this.#run().finally(() => {
      this.#finding.running = undefined;
    });
    return abortable(this.#finding.running, signal);
  }

  async #run(): Promise<ConditionalWrites | undefined> {
    const attempts = this.#client.attempts();
    const { clock, address } = this.#client.settings;
    // AWS documents its behaviour, so one race only verifies that this is AWS.
    const races = [FIRST, ...(address.endpoint === undefined ? [] : MORE)];
    let most = Number.POSITIVE_INFINITY;
    let mixed = 0;
    for (let next = 0; ;) {
      const { racers, bytes } = races[next] as Race;
      const began = clock.monotonic();
      const result = await race(this.#client, { racers, bytes: Math.min(bytes, most) }, next === 0);
      if (result.writes !== undefined) {
        next++;
        if (result.writes !== "atomic" || next === races.length) return (this.#finding.known = result.writes);
        if (result.keepsVersions || clock.monotonic() - began > SLOW_MS) most = SHORT_BYTES;
        continue;
      }
      if (!result.fault.again) throw result.fault.error;
      if (result.mixed && ++mixed === MAX_MIXED_ROUNDS) return undefined;
      if (await attempts.again(result.fault.retryAfterMs, undefined)) continue;
      if (result.mixed) return undefined;
      throw result.fault.error;
    }
  }
}

const OPERATION = "probe";

type RaceResult =
  | { readonly writes: ConditionalWrites; readonly keepsVersions: boolean }
  /** The race was inconclusive. `mixed` is true if some responses were clear. */
  | { readonly writes?: undefined; readonly fault: Fault; readonly mixed: boolean };

/** Runs a race. `asksLate` adds a later request, which finds out whether the store replaces an existing object. */
async function race(client: Client, { racers: count, bytes }: Race, asksLate: boolean): Promise<RaceResult> {
  const object = `${client.settings.base}.probe/${randomHex()}`;
  const put = (body: Uint8Array): Promise<Outcome> =>
    client.once({
      operation: OPERATION,
      method: "PUT",
      object,
      headers: putHeaders(true),
      body,
      checksum: "body",
      maxBytes: MAX_ANSWER_BYTES,
    });
  const bodies = Array.from({ length: count }, () => randomBody(bytes));
  const racers = await Promise.all(bodies.map(put));
  const late = asksLate ? await put(randomBody(bytes)) : undefined;
  const range = { range: `bytes=0-${MARK_BYTES - 1}` };
  const stored = await client.call({
    operation: OPERATION,
    method: "GET",
    object,
    headers: range,
    maxBytes: 2 * bytes,
  });
  await client.call({ operation: OPERATION, method: "DELETE", object, maxBytes: MAX_ANSWER_BYTES });

  const keepsVersions = racers.some(({ answer }) => (answer?.headers.get("x-amz-version-id") ?? "null") !== "null");
  const faults = [...racers, ...(late ? [late] : [])].flatMap(({ fault }) => fault ?? []);
  if (faults.some(isUnknownHeader)) return { writes: "refused", keepsVersions };
  const trouble = faults.find((fault) => !isTaken(fault) && !CONFLICTS.has(fault.code));
  const mixed = racers.some(({ fault }) => fault === undefined || isTaken(fault));
  if (trouble !== undefined) return { fault: trouble, mixed };
  if (late !== undefined && late.fault === undefined) return { writes: "ignored", keepsVersions };
  const won = bodies.filter((_, i) => racers[i]?.fault === undefined);
  const unsettled = [late, ...racers].find((each) => each?.fault !== undefined && !isTaken(each.fault))?.fault;
  if (unsettled !== undefined && (won.length === 0 || late?.fault === unsettled)) return { fault: unsettled, mixed };
  if (stored.fault !== undefined && stored.fault.code !== "NoSuchKey") return { fault: stored.fault, mixed };
  const winner = won[0];
  const kept = stored.answer?.bytes;
  const one = won.length === 1 && winner !== undefined && kept !== undefined && equalBytes(mark(kept), mark(winner));
  return { writes: one ? "atomic" : "racy", keepsVersions };
}

/** The number of random bytes at the beginning of a body. */
const MARK_BYTES = 64;

function mark(body: Uint8Array): Uint8Array {
  return body.subarray(0, MARK_BYTES);
}

function randomBody(bytes: number): Uint8Array {
  const body = new Uint8Array(bytes);
  body.set(crypto.getRandomValues(new Uint8Array(Math.min(MARK_BYTES, bytes))));
  return body;
}

function randomHex(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
