import { utf8Encoder } from "../bytes/utf8.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { decodeJson } from "../bytes/decode-json.ts";
import { encodeJson } from "../bytes/encode-json.ts";
import type { MediaEvent } from "./media-entry.ts";
import type { RecordedCode } from "./recorded-code.ts";
import type { RecordedDataset } from "./recorded-dataset.ts";

/** Data by key. It is a plain object, and `__proto__` is a key like any other. */
export type Dictionary<T = unknown> = { [key: string]: T };

/** What a record keeps of an error. */
export interface ErrorSummary {
  /** The name of the error's class: `TypeError`. */
  readonly name: string;
  /** The message. Parts that look like secrets are replaced. */
  readonly message: string;
  /**
   * The stack trace, if the error had one, and after it the causes and the errors of an `AggregateError`. Parts that
   * look like secrets are replaced.
   */
  readonly stack?: string | undefined;
}

/** How the program that runs a run can close it. */
export type ClosingStatus = "finished" | "failed" | "killed";

/** An artifact version as a run recorded it. */
export interface RecordedVersion {
  /** The name of the artifact. */
  readonly name: string;
  /** `v0`, `v1`, …: counted within the name. */
  readonly version: string;
  /** `sha256:<64 hex digits>` of the content. */
  readonly digest: string;
  /** Bytes of all files together. */
  readonly size: number;
  /** What kind of thing it is: `model`, `dataset`, … */
  readonly type?: string | undefined;
  /** The names that pointed at this version when it was recorded. */
  readonly aliases: readonly string[];
  /** The metadata that was given when it was logged. */
  readonly metadata: Dictionary;
  /** When it was logged first, in ms since the epoch. */
  readonly createdAt: number;
  /** The id of the run that logged it first. */
  readonly runId?: string | undefined;
  /** The object that lists its files. */
  readonly manifest: {
    /** Its key in the ledger. */
    readonly key: string;
    /** Number of its bytes. */
    readonly size: number;
    /** `sha256:<64 hex digits>` of its bytes. */
    readonly digest: string;
  };
}

/**
 * A session began. `beatMs`: the writer records something at least this often, or it is gone. `alive`: see `Liveness`.
 * `fence`: how many fences the run had then, by default 0. A later fence shuts the session out.
 */
export interface SessionEvent {
  readonly kind: "session";
  readonly mode: "start" | "join" | "recover" | "exclusive";
  readonly fence?: number | undefined;
  readonly beatMs: number;
  readonly alive?: string | undefined;
  /** By writer whose journal the session read: the number after the last record. */
  readonly positions?: Dictionary<number> | undefined;
  /** The number of the newest run document, if it replaces journals. */
  readonly document?: number | undefined;
  /** How many writers had recorded something. Present with `document`. */
  readonly writers?: number | undefined;
}

export interface ParamsEvent {
  readonly kind: "params";
  /** A copy of what the program gave, which nobody changes. */
  readonly set: Dictionary;
}

export interface TagsEvent {
  readonly kind: "tags";
  readonly set?: Dictionary<string> | undefined;
  readonly remove?: readonly string[] | undefined;
}

export interface NoteEvent {
  readonly kind: "note";
  readonly text: string;
}

/** More of what the program runs on. Each member of `set` replaces that of the environment. */
export interface EnvironmentEvent {
  readonly kind: "environment";
  readonly set: Dictionary;
}

export interface MetricEvent {
  readonly kind: "metric";
  readonly name: string;
  readonly goal?: "minimize" | "maximize" | undefined;
  readonly stepMetric?: string | undefined;
  readonly unit?: string | undefined;
  readonly description?: string | undefined;
}

/** A version of an artifact that the run made (`artifact`) or used (`input`). */
export interface ArtifactEvent {
  readonly kind: "artifact" | "input";
  readonly version: RecordedVersion;
}

/** The run used a data set. */
export interface DatasetEvent extends Omit<RecordedDataset, "time"> {
  readonly kind: "dataset";
}

/** The code that the run was made with. */
export interface CodeEvent {
  readonly kind: "code";
  readonly code: RecordedCode;
}

/** A sign of life of the writer. */
export interface BeatEvent {
  readonly kind: "beat";
}

/** The wall clock jumped by `jumpMs` compared to the monotonic clock. */
export interface ClockEvent {
  readonly kind: "clock";
  readonly jumpMs: number;
}

/** The writer dropped this number of points or rich values because its buffer was full. */
export interface DroppedEvent {
  readonly kind: "dropped";
  readonly points: number;
}

/**
 * The program closed the run. `endTime`: when the run ended, in ms since the epoch, if not when the event was recorded.
 */
export interface FinishEvent {
  readonly kind: "finish";
  readonly status: ClosingStatus;
  readonly endTime?: number | undefined;
  readonly error?: ErrorSummary | undefined;
}

/** The session ends without closing the run. Void once it has recorded number `next` or a later one. */
export interface LeaveEvent {
  readonly kind: "leave";
  readonly next: number;
}

/** All writers are gone. `positions`: the number of records of each. Void once a writer has more records than that. */
export interface InterruptedEvent {
  readonly kind: "interrupted";
  readonly positions: Dictionary<number>;
  readonly endTime?: number | undefined;
}

/** An event before the writer adds version, order and time. */
export type NewEvent =
  | SessionEvent
  | ParamsEvent
  | TagsEvent
  | NoteEvent
  | EnvironmentEvent
  | MetricEvent
  | ArtifactEvent
  | DatasetEvent
  | CodeEvent
  | MediaEvent
  | BeatEvent
  | ClockEvent
  | DroppedEvent
  | FinishEvent
  | LeaveEvent
  | InterruptedEvent;

/**
 * An event of a run in its journal. `v`: the version of its kind. `order`: its place among the events. `time`: wall
 * time in ms.
 */
export type RunEvent = NewEvent & { readonly v: 1; readonly order: number; readonly time: number };

/** A rich value as a journal records it. */
export type MediaRecord = Extract<RunEvent, MediaEvent>;

/** The largest event in bytes of UTF-8 JSON: it must fit into one frame. */
export const MAX_EVENT_BYTES: number = 8 * 1024 * 1024;

const encoder = /* @__PURE__ */ utf8Encoder();

/**
 * Returns the bytes of an event, and the event as a reader will see it. Throws `INVALID_ARGUMENT`, which names the path
 * below `field`, or `TOO_LARGE`.
 */
export function encodeEvent(
  event: NewEvent,
  order: number,
  time: number,
  field: string,
): { bytes: Uint8Array; event: RunEvent } {
  const text = encodeJson({ ...event, v: 1, order, time }, field);
  const bytes = encoder.encode(text);
  if (bytes.length > MAX_EVENT_BYTES) {
    throw new LedgerError(
      "TOO_LARGE",
      `${field} takes ${bytes.length} bytes, more than the ${MAX_EVENT_BYTES} of one record`,
      { field },
    );
  }
  // Params are a copy of JSON data already, and there may be very many.
  const read = event.kind === "params" ? { ...event, v: 1 as const, order, time } : (decodeJson(text) as RunEvent);
  return { bytes, event: read };
}
