import type { Backend, Body, Entry } from "../backend/backend.ts";
import { byteStream, collectBody } from "../backend/body.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { Crash, type Fault, type FaultMode, counts, faultError, strikes } from "./fault.ts";
import { type Call, type Operation, intercept } from "./intercept.ts";

/** One call, as it reached the faulty backend. */
export interface LoggedOperation {
  /** The number of the call, from 1. */
  readonly n: number;
  /** What was called. */
  readonly operation: Operation;
  /** The key of the call, or the prefix of a list. */
  readonly key: string;
  /** The new key of a `move`. */
  readonly to?: string;
  /** The fault that struck the call. Absent if none did. */
  readonly fault?: FaultMode;
}

/** A backend in which chosen calls fail. */
export interface FaultyBackend extends Backend {
  /** The calls made so far. With an empty plan, `count` is the number of places for a fault. */
  readonly operations: {
    /** The number of calls. */
    readonly count: number;
    /** The calls, in order. */
    readonly log: readonly LoggedOperation[];
  };
  /** Whether a fault has killed the process. Then calls reject with `Crash`, and `close` leaves `inner` open. */
  readonly crashed: boolean;
  /** Turns all faults off from now on. A dead process stays dead. */
  lift(): void;
  /** Makes late calls take effect now. */
  settle(): Promise<void>;
}

/**
 * Returns a backend that passes calls on to `inner`, with faults at chosen calls. The same plan and the same calls
 * always give the same faults. If several faults strike one call, the first of the plan counts. A list counts when the
 * caller asks for its first entry. An empty plan changes nothing.
 *
 * To try a fault at every call, run the work with `{ mode, at: k }` for k = 1, 2, … until `operations.count` stays
 * below k. After each run, call `settle()`, open the place again without faults and check its contents.
 */
export function faultyBackend(inner: Backend, plan: Fault | readonly Fault[] = []): FaultyBackend {
  const faults = (Array.isArray(plan) ? (plan as readonly Fault[]) : [plan as Fault]).map((fault) => ({
    fault: checked(fault),
    n: 0,
  }));
  const log: LoggedOperation[] = [];
  const seen = new Map<string, readonly Entry[]>();
  let lateCalls: { readonly n: number; readonly land: () => Promise<unknown> }[] = [];
  let crashed = false;
  let lifted = false;

  const die = (call: Call): never => {
    crashed = true;
    throw new Crash(call);
  };
  /** Counts a call. Returns the fault that strikes it. */
  const begin = (call: Call): Fault | undefined => {
    if (crashed) die(call);
    let struck: Fault | undefined;
    for (const one of faults) {
      if (!counts(one.fault, call)) continue;
      one.n++;
      if (!lifted && struck === undefined && strikes(one.fault, call, one.n)) struck = one.fault;
    }
    const { operation, key, to } = call;
    log.push({
      n: log.length + 1,
      operation,
      key,
      ...(to !== undefined && { to }),
      ...(struck && { fault: struck.mode }),
    });
    return struck;
  };
  /** Returns the late calls that must take effect now: those that at least one more call followed. */
  const overdue = (): (() => Promise<unknown>)[] => {
    const due = lateCalls.filter(({ n }) => n < log.length);
    if (due.length > 0) lateCalls = lateCalls.filter(({ n }) => n >= log.length);
    return due.map(({ land }) => land);
  };

  const call = async <T>(made: Call, proceed: (body?: Body) => Promise<T>): Promise<T> => {
    // Without late calls this awaits nothing, because otherwise appends could change their order.
    for (const land of crashed ? [] : overdue()) await land().catch(() => {});
    const fault = begin(made);
    if (fault === undefined || fault.mode === "stale-list") return await proceed();
    switch (fault.mode) {
      case "crash-before":
        return die(made);
      case "crash-after":
        await proceed().catch(() => {});
        return die(made);
      case "torn":
        await tear(inner, made);
        return die(made);
      case "lost-ack":
        await proceed().catch(() => {});
        break;
      case "late": {
        const n = log.length;
        const body = made.body && (await collectBody(made.body));
        if (changes(made.operation)) lateCalls.push({ n, land: () => proceed(body) });
        break;
      }
      default:
    }
    throw faultError(fault, made);
  };

  const list = async function* (made: Call, proceed: () => AsyncIterable<Entry>): AsyncGenerator<Entry> {
    for (const land of crashed ? [] : overdue()) await land().catch(() => {});
    const fault = begin(made);
    if (fault !== undefined && fault.mode !== "crash-after" && fault.mode !== "stale-list") {
      if (fault.mode === "crash-before" || fault.mode === "torn") die(made);
      throw faultError(fault, made);
    }
    const place = JSON.stringify([made.key, made.startAfter]);
    if (fault?.mode === "stale-list") {
      yield* seen.get(place) ?? [];
      return;
    }
    const entries: Entry[] = [];
    for await (const entry of proceed()) {
      if (crashed) die(made);
      entries.push(entry);
      yield entry;
    }
    if (fault !== undefined) die(made);
    seen.set(place, entries);
  };

  const backend = intercept(inner, { call, list });
  const { close } = backend;
  return Object.defineProperties(backend, {
    operations: {
      value: {
        get count() {
          return log.length;
        },
        log,
      },
      enumerable: true,
    },
    crashed: { get: () => crashed, enumerable: true },
    lift: { value: () => void (lifted = true) },
    settle: {
      value: async () => {
        const landing = lateCalls;
        lateCalls = [];
        for (const { land } of landing) await land().catch(() => {});
      },
    },
    ...(close && { close: { value: async () => (crashed ? undefined : await close()), enumerable: true } }),
  }) as FaultyBackend;
}

function checked(fault: Fault): Fault {
  const { at, times = 1 } = fault;
  if (Number.isSafeInteger(at) && at >= 1 && times >= 1) return fault;
  const field = times >= 1 ? "at" : "times";
  throw new LedgerError("INVALID_ARGUMENT", `${field} of a fault must be a whole number from 1`, {
    field,
    received: typeof fault[field],
  });
}

function changes(operation: Operation): boolean {
  return operation === "create" || operation === "append" || operation === "remove" || operation === "move";
}

/** Makes half of a call. */
async function tear(inner: Backend, { operation, key, body }: Call): Promise<void> {
  if (body === undefined) return;
  const bytes = await collectBody(body);
  const half = bytes.slice(0, bytes.length >> 1);
  if (operation === "append") await inner.append?.(key, half).catch(() => {});
  else await inner.create(key, byteStream(brokenOff(half))).catch(() => {});
}

async function* brokenOff(half: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield half;
  throw new LedgerError("IO", "the process died (injected)");
}
