import { LedgerError } from "../errors/ledger-error.ts";
import type { NewEvent, RunEvent } from "./event.ts";
import { type JsonSize, jsonSize, NO_SIZE, SizeCount } from "./json-size.ts";
import { LiveEvents } from "./live-events.ts";
import type { RunCreated } from "./run-created.ts";
import type { WriterFold } from "./writer-fold.ts";

/** Most that the run as it is may hold in params, tags, note, definitions, artifacts, inputs and data sets, as JSON. */
export const MAX_RUN_SIZE: JsonSize = { chars: 32 * 1024 * 1024, values: 2_000_000, names: 100_000 };
/** Most metrics that one session may log. */
export const MAX_METRICS = 1_000_000;

const WHAT: { readonly [kind in NewEvent["kind"]]?: string } = {
  params: "these params",
  tags: "these tags",
  note: "this note",
  metric: "this definition",
  artifact: "this version",
  input: "this input",
  dataset: "this data set",
};

/** Whether the bound of a run holds for an event. What a session says of itself is always recorded. */
export function isBounded({ kind }: NewEvent): boolean {
  return WHAT[kind] !== undefined;
}

/** About how much of the bound is used by what a run began with and what its writers recorded. */
export function sizeOfRun(created: RunCreated, folds: readonly WriterFold[]): JsonSize {
  const live = new LiveEvents();
  for (const event of [...beginning(created), ...folds.flatMap(({ events }) => events)]) live.add(event);
  return live.size;
}

/** What a run began with, as if it had been recorded then. */
function beginning({ params, tags, note, createdAt }: RunCreated): RunEvent[] {
  const head = { v: 1, order: 0, time: createdAt } as const;
  return [
    ...(params ? [{ kind: "params", ...head, set: params } as const] : []),
    ...(tags ? [{ kind: "tags", ...head, set: tags } as const] : []),
    ...(note !== undefined ? [{ kind: "note", ...head, text: note } as const] : []),
  ];
}

/** Throws `TOO_LARGE` for a run that would begin with more than it may hold. Returns how much of that it uses. */
export function assertCanBegin(created: RunCreated): JsonSize {
  const live = new LiveEvents();
  for (const event of beginning(created)) {
    assertFits({ chars: 0, values: 0, names: 0 }, live.sizeWith(event), event.kind, event.kind);
    live.add(event);
  }
  return live.size;
}

/** Whether a size is within the bound of a run. */
export function isWithinRun({ chars, values, names }: JsonSize): boolean {
  return chars <= MAX_RUN_SIZE.chars && values <= MAX_RUN_SIZE.values && names <= MAX_RUN_SIZE.names;
}

/**
 * Throws `TOO_LARGE` for an event with which the run would hold too much: what it `held` and what the session adds.
 * Later events may replace what is there, and the run can be closed.
 */
export function assertFits(held: JsonSize, added: JsonSize, kind: NewEvent["kind"], field: string): void {
  const [chars, values, names] = [held.chars + added.chars, held.values + added.values, held.names + added.names];
  if (isWithinRun({ chars, values, names })) return;
  const { chars: most, names: mostNames } = MAX_RUN_SIZE;
  const why =
    chars > most
      ? `${chars} characters of params, tags, note, definitions, artifacts and data sets, more than the ${most} ` +
        "it may hold"
      : names > mostNames
        ? `${names} params, tags, definitions, artifact versions and data sets, more than the ${mostNames} it may hold`
        : `${values} values of params and tags, more than the ${MAX_RUN_SIZE.values} it may hold`;
  throw new LedgerError("TOO_LARGE", `with ${WHAT[kind]} the run would hold ${why}`, { field });
}

/** Room of a run that is kept for versions whose artifacts are still being uploaded. */
export class ReservedRoom {
  readonly #size = new SizeCount();

  /**
   * Returns what releases the room. Throws `TOO_LARGE` if the run, of the `sizes` so far, has no room for the version
   * too.
   */
  take(event: RunEvent, sizes: readonly JsonSize[], field: string): () => void {
    const own = { ...jsonSize(event), names: 1 };
    const added = new SizeCount();
    for (const size of [...sizes, this.#size.value, own]) added.add(size);
    assertFits(NO_SIZE, added.value, event.kind, field);
    this.#size.add(own);
    return () => this.#size.remove(own);
  }
}
