import { LedgerError } from "../errors/ledger-error.ts";
import type { NewEvent, RunEvent } from "./event.ts";
import { type JsonSize, jsonSize, NO_SIZE, SizeCount } from "./json-size.ts";
import { LiveEvents } from "./live-events.ts";
import type { RunCreated } from "./run-created.ts";
import type { WriterFold } from "./writer-fold.ts";

/** The greatest size of params, tags, note, definitions, artifacts, inputs and data sets of a run together, as JSON. */
export const MAX_RUN_SIZE: JsonSize = { chars: 32 * 1024 * 1024, values: 2_000_000, names: 100_000 };
/** The greatest number of metrics that a session may log. */
export const MAX_METRICS = 1_000_000;

const WHAT: { readonly [kind in NewEvent["kind"]]?: string } = {
  params: "these params",
  tags: "these tags",
  note: "this note",
  environment: "this environment",
  metric: "this definition",
  artifact: "this version",
  input: "this input",
  dataset: "this data set",
  code: "this code",
};

/** Returns whether the bound of a run applies to an event. Events about the session itself are always recorded. */
export function isBounded({ kind }: NewEvent): boolean {
  return WHAT[kind] !== undefined;
}

/** Returns the approximate size of what a run began with and what its writers recorded. */
export function sizeOfRun(created: RunCreated, folds: readonly WriterFold[]): JsonSize {
  const live = new LiveEvents();
  for (const event of [...beginning(created), ...folds.flatMap(({ events }) => events)]) live.add(event);
  return live.size;
}

/** Returns what a run began with, as events. */
function beginning({ params, tags, note, createdAt }: RunCreated): RunEvent[] {
  const head = { v: 1, order: 0, time: createdAt } as const;
  return [
    ...(params ? [{ kind: "params", ...head, set: params } as const] : []),
    ...(tags ? [{ kind: "tags", ...head, set: tags } as const] : []),
    ...(note !== undefined ? [{ kind: "note", ...head, text: note } as const] : []),
  ];
}

/** Returns the size of a run that begins. Throws `TOO_LARGE` if it would begin with more than it may hold. */
export function assertCanBegin(created: RunCreated): JsonSize {
  const live = new LiveEvents();
  for (const event of beginning(created)) {
    assertFits({ chars: 0, values: 0, names: 0 }, live.sizeWith(event), event.kind, event.kind);
    live.add(event);
  }
  return live.size;
}

/** Returns whether a size is within the bound of a run. */
export function isWithinRun({ chars, values, names }: JsonSize): boolean {
  return chars <= MAX_RUN_SIZE.chars && values <= MAX_RUN_SIZE.values && names <= MAX_RUN_SIZE.names;
}

/**
 * Throws `TOO_LARGE` for an event with which the run would hold too much: what it `held`, plus what the session adds.
 * Later events may still replace values, and the run can be closed.
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

/** The room that a run keeps for versions whose artifacts are being uploaded. */
export class ReservedRoom {
  readonly #size = new SizeCount();

  /**
   * Reserves room, and returns a function that releases it. Throws `TOO_LARGE` if a run of these `sizes` has no room
   * for the version.
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
