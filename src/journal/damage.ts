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
  /** The byte behind the last damaged one. */
  readonly to?: number;
  /**
   * The number of further places with damage of this kind. A record names the first 100 of each kind. Absent if there
   * are none.
   */
  readonly more?: number;
}

/** Places with damage of one kind that a run names. */
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
 * Damage as it is found, bounded whatever a store holds: of each kind the first places, the last of them with the number
 * of the others. A place that is named already is left out. Each event that was skipped is a place of its own.
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
    const place = [damage.kind, damage.from, damage.to, damage.key].join();
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

/** How many places an entry stands for. */
export function placesOf({ more = 0 }: Damage): number {
  return 1 + more;
}

/** The error for a call that needs what damage may have cost. `what` is not complete, or not to be trusted. */
export function lossError(what: string, { kind, key, message }: Damage): LedgerError {
  const code = kind === "newer" ? "FORMAT_TOO_NEW" : "CORRUPT";
  return new LedgerError(code, `${what} not complete: ${message}`, { key });
}

/** The error for the first damage that {@link losesRecords}, if there is any. */
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

/** True when records may be gone, or wrong if they were used. */
export function losesRecords({ kind }: Damage): boolean {
  return kind === "corrupt" || kind === "missing" || kind === "unreadable-tail" || kind === "newer";
}
