import * as z from "zod/mini";
import type { Damage } from "./damage.ts";
import { knownEvent } from "./decode-event.ts";
import type { Dictionary, MediaRecord, RunEvent } from "./event.ts";
import { isDamage } from "./is-run-record.ts";
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

const integer = /* @__PURE__ */ z.custom<number>(isInteger);

/** A stored fold whose events are not checked yet. */
export interface CheckedFold extends Omit<StoredFold, "events" | "mediaList"> {
  readonly events: unknown[];
  readonly mediaList?: unknown[] | undefined;
}

/** The schema of a stored fold, without its events. */
export const storedFold: z.ZodMiniType<CheckedFold> = /* @__PURE__ */ z.object({
  writer: z.string(),
  order: integer,
  fence: integer,
  next: integer,
  lastOrder: integer,
  lastStep: z.optional(z.number()),
  firstStep: z.optional(z.number()),
  lastTime: z.optional(z.number()),
  beatMs: z.optional(z.number()),
  alive: z.optional(z.string()),
  events: z.array(z.unknown()),
  superseded: integer,
  mediaList: z.optional(z.array(z.unknown())),
  damage: z.array(z.custom<Damage>((value) => isDictionary(value) && isDamage(value))),
  metrics: z.optional(
    z.custom<Dictionary<StoredSummary>>((value) => isDictionary(value) && Object.values(value).every(isStoredSummary)),
  ),
  media: z.optional(
    z.custom<Dictionary<StoredMedia>>((value) => isDictionary(value) && Object.values(value).every(isStoredMedia)),
  ),
});

/** Returns the fold of a checked stored fold. Throws a RangeError for an event that this library does not know. */
export function toWriterFold(fold: CheckedFold): WriterFold {
  return restoreFold({ ...fold, events: fold.events.map(toEvent), mediaList: fold.mediaList?.map(toMedia) });
}

/** Returns the fold of a decoded value, or `undefined` for anything else. Throws like {@link toWriterFold}. */
export function decodeFold(value: unknown): WriterFold | undefined {
  const { data } = z.safeParse(storedFold, value);
  return data && toWriterFold(data);
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
