import { LedgerError } from "../errors/ledger-error.ts";

/**
 * Something that is wrong in a run's journals.
 *
 * - `torn-tail`: the last write of a writer is incomplete, as after a crash. Nothing acknowledged is affected.
 * - `corrupt`: bytes in the middle of an object changed or are gone; `from` and `to` say which.
 * - `unreadable-tail`: the end of an object is damaged and nothing readable follows: a torn write, or corruption.
 * - `missing`: records that the writer numbered are in no object.
 * - `newer`: an intact frame, or a segment, that a later version of this library wrote. Its records are left out here,
 *   and they are not damaged.
 * - `unknown`: a record of a kind, or of a version, that this library does not know. It was skipped.
 */
export interface Damage {
  /** What is wrong; see {@link Damage}. */
  readonly kind: "torn-tail" | "corrupt" | "unreadable-tail" | "missing" | "newer" | "unknown";
  /** The backend key concerned. */
  readonly key: string;
  /** The damage in words, for people. */
  readonly message: string;
  /** The first damaged byte in the object, from 0. Absent if no bytes can be named. */
  readonly from?: number;
  /** The byte after the last damaged one. */
  readonly to?: number;
  /**
   * The number of further places with damage of this kind. A record names the first 100 of each kind. Absent if there
   * are none.
   */
  readonly more?: number;
}

/** How many places with damage of one kind a run names. */
const NAMED_OF_A_KIND = 100;
const KINDS: readonly string[] = [
  "torn-tail",
  "corrupt",
  "unreadable-tail",
  "missing",
  "newer",
  "unknown",
] satisfies Damage["kind"][];

/**
 * A list of damage that stays short whatever a store holds: the first places of each kind. The last one counts the
 * others. A place counts once. Each skipped event is a place of its own.
 */
export class DamageList {
  readonly #named: Damage[] = [];
  readonly #places = new Set<string>();
  readonly #kinds = new Map<string, { count: number; last: number }>();

  constructor(damage: Iterable<Damage> = []) {
    for (const each of damage) this.add(each);
  }

  add(damage: Damage): void {
    // A store may name any number of kinds.
    const kind = KINDS.includes(damage.kind) ? damage.kind : "other";
    const place = JSON.stringify([damage.kind, damage.from, damage.to, damage.key]);
    if (kind !== "unknown" && this.#places.has(place)) return;
    const { count, last } = this.#kinds.get(kind) ?? { count: 0, last: 0 };
    if (count < NAMED_OF_A_KIND) {
      this.#kinds.set(kind, { count: count + 1, last: this.#named.length });
      this.#named.push(damage);
      this.#places.add(place);
      return;
    }
    const before = this.#named[last]!;
    this.#named[last] = { ...before, more: (before.more ?? 0) + placesOf(damage) };
  }

  list(): Damage[] {
    return [...this.#named];
  }
}

/** Returns for how many places an entry stands. */
export function placesOf({ more = 0 }: Damage): number {
  return 1 + more;
}

/** Returns the error for a call that needs records that may be lost. `what` is not complete. */
export function lossError(what: string, { kind, key, message }: Damage): LedgerError {
  const code = kind === "newer" ? "FORMAT_TOO_NEW" : "CORRUPT";
  return new LedgerError(code, `${what} not complete: ${message}`, { key });
}

/** Returns the error for the first damage that {@link losesRecords}. Returns `undefined` if no damage does. */
export function recordLoss({
  id,
  damage,
}: {
  readonly id: string;
  readonly damage: readonly Damage[];
}): LedgerError | undefined {
  const first = damage.find(losesRecords);
  return first && lossError(`what is left of run ${id} is`, first);
}

/** Returns whether damage of this kind may have cost records, or would make them wrong. */
export function losesRecords({ kind }: Damage): boolean {
  return kind === "corrupt" || kind === "missing" || kind === "unreadable-tail" || kind === "newer";
}
