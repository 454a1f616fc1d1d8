import { ownValue, setOwn } from "../bytes/dictionary.ts";
import type { Dictionary, RunEvent } from "./event.ts";
import { LiveParams } from "./live-params.ts";
import { isNested } from "./params.ts";
import { type JsonSize, jsonSize, keySize, NO_SIZE, SizeCount } from "./json-size.ts";

type Of<K extends RunEvent["kind"]> = Extract<RunEvent, { kind: K }>;
type Head = Pick<RunEvent, "order" | "time">;

interface LiveTag {
  readonly at: number;
  readonly head: Head;
  /**
   * `undefined`: the tag was removed. It stays here, so that an older event of another writer does not restore the tag.
   */
  readonly value: string | undefined;
}

interface Placed<E extends RunEvent = RunEvent> {
  readonly at: number;
  readonly event: E;
}

/** How many jumps of the wall clock are kept one by one. */
const MAX_CLOCKS = 20;

/**
 * The events of one writer that still count, whatever other writers recorded between them. An event, or a part of it,
 * is superseded if a later event of the same writer sets everything that it sets: folding the run without it gives the
 * same record. So a tag that was set a million times is one event here.
 */
export class LiveEvents {
  readonly #tags = new Map<string, LiveTag>();
  readonly #size = new SizeCount();
  readonly #params = new LiveParams(this.#size);
  readonly #definitions = new Map<string, Placed<Of<"metric">>[]>();
  readonly #datasets = new Map<string, Placed<Of<"dataset">>[]>();
  readonly #versions = new Map<string, Placed<Of<"artifact" | "input">>[]>();
  readonly #others: Placed[] = [];
  readonly #clocks: Placed<Of<"clock">>[] = [];
  /** The newest event of kinds in which a later event replaces an earlier one as a whole. */
  readonly #newest = new Map<"note" | "code", Placed<Of<"note" | "code">>>();
  #dropped: Placed<Of<"dropped">> | undefined;
  #next = 0;
  #superseded = 0;

  /** How many events are superseded, as a whole or in part. */
  get superseded(): number {
    return this.#superseded;
  }

  /** The approximate size of the events that count, as JSON. */
  get size(): JsonSize {
    return this.#size.value;
  }

  add(event: RunEvent): void {
    const at = this.#next++;
    switch (event.kind) {
      case "tags":
        return this.#addTags(event, at);
      case "params":
        this.#superseded += this.#params.set(event.set, at, event);
        return;
      case "note":
      case "code":
        if (this.#newest.has(event.kind)) this.#superseded++;
        this.#size.remove(this.#replaced(event));
        this.#newest.set(event.kind, { at, event });
        this.#size.add(jsonSize(event));
        return;
      case "dropped":
        if (this.#dropped) this.#superseded++;
        this.#dropped = { at, event: { ...event, points: event.points + (this.#dropped?.event.points ?? 0) } };
        return;
      case "metric":
        return this.#addChain(this.#definitions, event.name, { at, event }, 0);
      case "dataset":
        // The first event says when the data set was logged.
        return this.#addChain(this.#datasets, datasetId(event), { at, event }, 1);
      case "artifact":
      case "input":
        // The first event decides the place of the version in the list.
        return this.#addChain(this.#versions, `${event.kind} ${versionId(event)}`, { at, event }, 1);
      case "clock":
        return this.#addClock({ at, event });
      default:
        this.#others.push({ at, event });
        this.#size.add(jsonSize(event));
    }
  }

  /** Returns the events that count, in the order of logging. */
  list(): RunEvent[] {
    const placed = [
      ...this.#others,
      ...this.#clocks,
      ...this.#listTags(),
      ...this.#params
        .list()
        .map(({ at, head, set }) => ({ at, event: { kind: "params", v: 1, ...head, set } as const })),
      ...this.#newest.values(),
      ...(this.#dropped ? [this.#dropped] : []),
      ...[...this.#definitions.values(), ...this.#datasets.values(), ...this.#versions.values()].flat(),
    ];
    return placed.sort((a, b) => a.at - b.at).map(({ event }) => event);
  }

  /** Returns at least the {@link size} with one more event. */
  sizeWith(event: RunEvent): JsonSize {
    const size = new SizeCount();
    size.add(this.#size.value);
    if (event.kind === "params") size.add({ ...jsonSize(event.set), names: countKeys(event.set) });
    else if (event.kind === "tags") {
      for (const key of keysOf(event)) countTag(size, key, ownValue(event.set ?? {}, key), 1);
    } else size.add(event.kind === "note" || event.kind === "code" ? jsonSize(event) : namedSize(event));
    size.remove(this.#replaced(event));
    return size.value;
  }

  #replaced(event: RunEvent): JsonSize {
    if (event.kind === "note" || event.kind === "code") {
      const before = this.#newest.get(event.kind);
      return before ? jsonSize(before.event) : NO_SIZE;
    }
    if (event.kind === "params") return this.#params.replaced(event.set);
    if (event.kind !== "tags") return NO_SIZE;
    const size = new SizeCount();
    for (const key of keysOf(event)) {
      const tag = this.#tags.get(key);
      if (tag) countTag(size, key, tag.value, 1);
    }
    return size.value;
  }

  #addTags({ set = {}, remove = [], order, time }: Of<"tags">, at: number): void {
    const head = { order, time };
    let replaces = false;
    const put = (key: string, value: string | undefined): void => {
      const before = this.#tags.get(key);
      // If one event sets and removes a tag, the removal counts.
      if (before !== undefined) {
        if (before.at !== at) replaces = true;
        countTag(this.#size, key, before.value, -1);
      }
      countTag(this.#size, key, value, 1);
      // Moves the tag to the end, so that tags stay in the order of their latest events.
      this.#tags.delete(key);
      this.#tags.set(key, { at, head, value });
    };
    for (const key of Object.keys(set)) put(key, ownValue(set, key));
    for (const key of remove) put(key, undefined);
    if (replaces) this.#superseded++;
  }

  /** Adds a jump. Beyond {@link MAX_CLOCKS} it merges jumps, because only their sum counts. */
  #addClock(added: Placed<Of<"clock">>): void {
    const last = this.#clocks.length < MAX_CLOCKS ? undefined : this.#clocks.pop();
    if (last) this.#superseded++;
    const jumpMs = added.event.jumpMs + (last?.event.jumpMs ?? 0);
    this.#clocks.push({ at: added.at, event: { ...added.event, jumpMs } });
  }

  #listTags(): Placed[] {
    const events = new Map<number, { head: Head; set: Dictionary<string>; remove: string[] }>();
    for (const [key, { at, head, value }] of this.#tags) {
      let own = events.get(at);
      if (own === undefined) events.set(at, (own = { head, set: {}, remove: [] }));
      if (value === undefined) own.remove.push(key);
      else setOwn(own.set, key, value);
    }
    return [...events].map(([at, { head, set, remove }]) => ({
      at,
      event: {
        kind: "tags",
        v: 1,
        ...head,
        ...(Object.keys(set).length > 0 && { set }),
        ...(remove.length > 0 && { remove }),
      },
    }));
  }

  /** Adds an event about one thing. It supersedes earlier events that set nothing else, except the first `kept`. */
  #addChain<E extends RunEvent>(chains: Map<string, Placed<E>[]>, id: string, added: Placed<E>, kept: number): void {
    const before = chains.get(id) ?? [];
    const members = new Set(Object.keys(added.event));
    const left = before.filter(({ event }, i) => i < kept || !Object.keys(event).every((key) => members.has(key)));
    if (left.length < before.length) this.#superseded++;
    for (const each of before) if (!left.includes(each)) this.#size.remove(namedSize(each.event));
    this.#size.add(namedSize(added.event));
    chains.set(id, [...left, added]);
  }
}

/** Returns what identifies a data set in a run. */
export function datasetId({ name, digest, context }: Pick<Of<"dataset">, "name" | "digest" | "context">): string {
  return JSON.stringify([name, digest, context]);
}

/** Returns what identifies an artifact version in a run. */
export function versionId({ version: { name, version, digest } }: Pick<Of<"artifact" | "input">, "version">): string {
  return `${name}:${version}@${digest}`;
}

function keysOf({ set = {}, remove = [] }: Of<"tags">): Set<string> {
  return new Set([...Object.keys(set), ...remove]);
}

function namedSize(event: RunEvent): JsonSize {
  return { ...jsonSize(event), names: 1 };
}

/** Returns the number of keys at all levels. */
function countKeys(set: Dictionary): number {
  return Object.values(set).reduce<number>((sum, value) => sum + 1 + (isNested(value) ? countKeys(value) : 0), 0);
}

function countTag(size: SizeCount, key: string, value: string | undefined, sign: 1 | -1): void {
  for (const each of [keySize(key), jsonSize(value ?? "")]) {
    if (sign > 0) size.add(each);
    else size.remove(each);
  }
}
