import type { CallOptions } from "../../backend/backend.ts";
import { equalBytes } from "../../backend/body.ts";
import { LedgerError } from "../../backend/error.ts";
import { abortable } from "../../backend/abort.ts";
import { isRefusal, isTaken, putHeaders } from "./condition.ts";
import type { Fault } from "./errors.ts";
import { CONFLICTS, failure } from "./errors.ts";
import type { Client, Outcome } from "./request.ts";

/**
 * What a bucket makes of `If-None-Match: *` on a PUT:
 * - `atomic`: of several at once on one key, one wins;
 * - `racy`: several may win, but what is there is not replaced later on;
 * - `ignored`: what is there is replaced;
 * - `refused`: the store answers with an error.
 */
export type ConditionalWrites = "atomic" | "racy" | "ignored" | "refused";

/** Finds out what the backend's bucket makes of conditional writes. Costs 11 small requests, once per bucket, prefix and process. */
export function probeConditionalWrites(
  backend: { probe(options?: CallOptions): Promise<ConditionalWrites> },
  options?: CallOptions,
): Promise<ConditionalWrites> {
  return backend.probe(options);
}

const RACERS = 8;
const BODY_BYTES = 64 * 1024;
const MAX_MIXED_ROUNDS = 3;
const REST_MS = 60_000;
const MAX_ANSWER_BYTES = 64 * 1024;

interface Finding {
  known: ConditionalWrites | undefined;
  running: Promise<ConditionalWrites | undefined> | undefined;
}

// By fetch, so that a stand-in for the network is not taken for the real store of the same name.
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

/** What is known of one bucket's conditional writes; finds it out when first asked. */
export class ConditionProbe {
  readonly #client: Client;
  readonly #finding: Finding;
  #restUntil = -Infinity;

  constructor(client: Client) {
    this.#client = client;
    this.#finding = findingFor(client);
  }

  get known(): ConditionalWrites | undefined {
    return this.#finding.known;
  }

  /** The store turned down a condition outside of a probe. */
  refuse(): void {
    this.#finding.known = "refused";
  }

  /** The finding; `undefined` when it could not be had now, though the store can be reached. */
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
      // The credentials may be good for some keys only.
      if (error.code !== "PERMISSION_DENIED") throw this.#retold(error, creation);
      this.#restUntil = clock.monotonic() + REST_MS;
      return undefined;
    }
  }

  /** The finding; rejects when it cannot be had. */
  async probe(signal: AbortSignal | undefined): Promise<ConditionalWrites> {
    const found = this.known ?? (await this.#find(signal));
    if (found !== undefined) return found;
    const why = "the store's answers were too unsteady to tell what it makes of conditional writes; try again later";
    throw failure(this.#client.subject({ operation: OPERATION }), "UNAVAILABLE", why, { transient: true });
  }

  #retold(error: LedgerError, creation: { readonly operation: string; readonly key: string }): LedgerError {
    const why = error.message.startsWith(`${OPERATION}: `) ? error.message.slice(OPERATION.length + 2) : error.message;
    return failure(this.#client.subject(creation), error.code, why, error);
  }

  #find(signal: AbortSignal | undefined): Promise<ConditionalWrites | undefined> {
    // Shared by all who ask meanwhile, hence without anybody's signal.
    this.#finding.running ??= this.#run().finally(() => {
      this.#finding.running = undefined;
    });
    return abortable(this.#finding.running, signal);
  }

  async #run(): Promise<ConditionalWrites | undefined> {
    const attempts = this.#client.attempts();
    let mixed = 0;
    for (;;) {
      const result = await race(this.#client);
      if (result.writes !== undefined) return (this.#finding.known = result.writes);
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
  | { readonly writes: ConditionalWrites }
  /** Inconclusive. `mixed`: some requests were answered clearly. */
  | { readonly writes?: undefined; readonly fault: Fault; readonly mixed: boolean };

async function race(client: Client): Promise<RaceResult> {
  const object = `${client.settings.base}.probe/${randomHex()}`;
  const put = (body: Uint8Array): Promise<Outcome> =>
    client.once({
      operation: OPERATION,
      method: "PUT",
      object,
      headers: putHeaders(true),
      body,
      maxBytes: MAX_ANSWER_BYTES,
    });
  const bodies = Array.from({ length: RACERS }, randomBody);
  const racers = await Promise.all(bodies.map(put));
  const late = await put(randomBody());
  const stored = await client.call({ operation: OPERATION, method: "GET", object, maxBytes: 2 * BODY_BYTES });
  await client.call({ operation: OPERATION, method: "DELETE", object, maxBytes: MAX_ANSWER_BYTES });

  const faults = [...racers, late].flatMap(({ fault }) => fault ?? []);
  if (faults.some(isRefusal)) return { writes: "refused" };
  const trouble = faults.find((fault) => !isTaken(fault) && !CONFLICTS.has(fault.code));
  const mixed = racers.some(({ fault }) => fault === undefined || isTaken(fault));
  if (trouble !== undefined) return { fault: trouble, mixed };
  if (late.fault === undefined) return { writes: "ignored" };
  const won = bodies.filter((_, i) => racers[i]?.fault === undefined);
  const unsettled = [late, ...racers].find(({ fault }) => fault !== undefined && !isTaken(fault))?.fault;
  if (unsettled !== undefined && (won.length === 0 || late.fault === unsettled)) return { fault: unsettled, mixed };
  if (stored.fault !== undefined && stored.fault.code !== "NoSuchKey") return { fault: stored.fault, mixed };
  const winner = won[0];
  const kept = stored.answer?.bytes;
  const one = won.length === 1 && winner !== undefined && kept !== undefined && equalBytes(kept, winner);
  return { writes: one ? "atomic" : "racy" };
}

function randomBody(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(BODY_BYTES));
}

function randomHex(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
