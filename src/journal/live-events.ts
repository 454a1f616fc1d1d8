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
  /** `undefined`: the tag was removed. An older event of another writer must not bring it back. */
  readonly value: string | undefined;
}

interface Placed<E extends RunEvent = RunEvent> {
  readonly at: number;
  readonly event: E;
}

/** Jumps of the wall clock that are kept one by one. */
const MAX_CLOCKS = 20;

/**
 * The events of one writer that still say something about the run, whatever other writers may have recorded between
 * them. An event, or a part of one, is superseded when a later event of the same writer sets all that it sets: folding
 * the run without it gives the same record. So a tag that was set a million times is one event here.
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
  #note: Placed<Of<"note">> | undefined;
  #dropped: Placed<Of<"dropped">> | undefined;
  #next = 0;
  #superseded = 0;

  /** How many events are superseded, those among them of which a part still counts. */
  get superseded(): number {
    return this.#superseded;
  }

  /** About how much what counts takes as JSON. */
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
        if (this.#note) {
          this.#superseded++;
          this.#size.remove(jsonSize(this.#note.event));
        }
        this.#note = { at, event };
        this.#size.add(jsonSize(event));
        return;
      case "dropped":
        if (this.#dropped) this.#superseded++;
        this.#dropped = { at, event: { ...event, points: event.points + (this.#dropped?.event.points ?? 0) } };
        return;
      case "metric":
        return this.#addChain(this.#definitions, event.name, { at, event }, 0);
      case "dataset":
        // The first one says when the data set was logged.
        return this.#addChain(this.#datasets, datasetId(event), { at, event }, 1);
      case "artifact":
      case "input":
        // The first one says where in the list the version stands.
        return this.#addChain(this.#versions, `${event.kind} ${versionId(event)}`, { at, event }, 1);
      case "clock":
        return this.#addClock({ at, event });
      default:
        this.#others.push({ at, event });
        this.#size.add(jsonSize(event));
    }
  }

  /** What counts, in the order of logging. */
  list(): RunEvent[] {
    const placed = [
      ...this.#others,
      ...this.#clocks,
      ...this.#listTags(),
      ...this.#params
        .list()
        .map(({ at, head, set }) => ({ at, event: { kind: "params", v: 1, ...head, set } as const })),
      ...(this.#note ? [this.#note] : []),
      ...(this.#dropped ? [this.#dropped] : []),
      ...[...this.#definitions.values(), ...this.#datasets.values(), ...this.#versions.values()].flat(),
    ];
    return placed.sort((a, b) => a.at - b.at).map(({ event }) => event);
  }

  /** At least the size that {@link size} would have with one more event. */
  sizeWith(event: RunEvent): JsonSize {
    const size = new SizeCount();
    size.add(this.#size.value);
    if (event.kind === "params") size.add({ ...jsonSize(event.set), names: countKeys(event.set) });
    else if (event.kind === "tags") {
      for (const key of keysOf(event)) countTag(size, key, ownValue(event.set ?? {}, key), 1);
    } else size.add(event.kind === "note" ? jsonSize(event) : namedSize(event));
    size.remove(this.#replaced(event));
    return size.value;
  }

  #replaced(event: RunEvent): JsonSize {
    if (event.kind === "note") return this.#note ? jsonSize(this.#note.event) : NO_SIZE;
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
      // Of one event that sets and removes a tag it is the removal that counts.
      if (before !== undefined) {
        if (before.at !== at) replaces = true;
        countTag(this.#size, key, before.value, -1);
      }
      countTag(this.#size, key, value, 1);
      // In the order of the events that count, however many came before.
      this.#tags.delete(key);
      this.#tags.set(key, { at, head, value });
    };
    for (const key of Object.keys(set)) put(key, ownValue(set, key));
    for (const key of remove) put(key, undefined);
    if (replaces) this.#superseded++;
  }

  /** What counts is the sum of the jumps. */
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

  /** Adds an event about one thing. Those behind the first `kept` that set nothing else are superseded. */
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

export function datasetId({ name, digest, context }: Pick<Of<"dataset">, "name" | "digest" | "context">): string {
  return JSON.stringify([name, digest, context]);
}

export function versionId({ version: { name, version, digest } }: Pick<Of<"artifact" | "input">, "version">): string {
  return `${name}:${version}@${digest}`;
}

function keysOf({ set = {}, remove = [] }: Of<"tags">): Set<string> {
  return new Set([...Object.keys(set), ...remove]);
}

function namedSize(event: RunEvent): JsonSize {
  return { ...jsonSize(event), names: 1 };
}

/** Keys at all levels. */
function countKeys(set: Dictionary): number {
  return Object.values(set).reduce<number>((sum, value) => sum + 1 + (isNested(value) ? countKeys(value) : 0), 0);
}

function countTag(size: SizeCount, key: string, value: string | undefined, sign: 1 | -1): void {
  for (const each of [keySize(key), jsonSize(value ?? "")]) {
    if (sign > 0) size.add(each);
    else size.remove(each);
  }
}
