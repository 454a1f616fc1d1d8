import type { Damage } from "./damage.ts";
import { knownEvent } from "./decode-event.ts";
import type { Dictionary, MediaRecord, RunEvent } from "./event.ts";
import { isDamage } from "./is-run-record.ts";
import { type Checks, isNumber, isText, optional, pickMembers } from "./members.ts";
import { isDictionary, isInteger } from "./record-checks.ts";
import {
  isStoredMedia,
  isStoredSummary,
  restoreFold,
  type StoredFold,
  type StoredMedia,
  type StoredSummary,
} from "./stored-fold.ts";
import type { WriterFold } from "./writer-fold.ts";

/** A stored fold whose events are not checked yet. */
export interface CheckedFold extends Omit<StoredFold, "events" | "mediaList"> {
  readonly events: unknown[];
  readonly mediaList?: unknown[] | undefined;
}

const number = /* @__PURE__ */ optional(isNumber);

const checks: Checks<CheckedFold> = {
  writer: isText,
  order: isInteger,
  fence: isInteger,
  next: isInteger,
  lastOrder: isInteger,
  lastStep: number,
  firstStep: number,
  lastTime: number,
  beatMs: number,
  alive: /* @__PURE__ */ optional(isText),
  events: isList,
  superseded: isInteger,
  mediaList: /* @__PURE__ */ optional(isList),
  damage: (value): value is Damage[] => isList(value) && value.every((each) => isDictionary(each) && isDamage(each)),
  metrics: /* @__PURE__ */ optional(
    (value): value is Dictionary<StoredSummary> => isDictionary(value) && Object.values(value).every(isStoredSummary),
  ),
  media: /* @__PURE__ */ optional(
    (value): value is Dictionary<StoredMedia> => isDictionary(value) && Object.values(value).every(isStoredMedia),
  ),
};

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

/** Returns a stored fold with the members that this library knows, or `undefined` for anything else. */
export function checkFold(value: unknown): CheckedFold | undefined {
  return pickMembers(value, checks);
}

/** Returns the fold of a checked stored fold. Throws a RangeError for an event that this library does not know. */
export function toWriterFold(fold: CheckedFold): WriterFold {
  return restoreFold({ ...fold, events: fold.events.map(toEvent), mediaList: fold.mediaList?.map(toMedia) });
}

/** Returns the fold of a decoded value, or `undefined` for anything else. Throws like {@link toWriterFold}. */
export function decodeFold(value: unknown): WriterFold | undefined {
  const fold = checkFold(value);
  return fold && toWriterFold(fold);
}

/** Returns an event of a document. Throws a RangeError for anything else. */
function toEvent(value: unknown): RunEvent {
  const event = knownEvent(value);
  if (event === undefined) throw new RangeError("the document has something that is no event");
  return event;
}

function toMedia(value: unknown): MediaRecord {
  const event = toEvent(value);
  if (event.kind !== "media") throw new RangeError("the document has something that is no rich value");
  return event;
}
