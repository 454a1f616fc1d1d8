import { utf8Decoder } from "../bytes/utf8.ts";
import { decodeJson } from "../bytes/decode-json.ts";
import type { DatasetEvent, ErrorSummary, MediaRecord, RecordedVersion, RunEvent } from "./event.ts";
import { isDatasetData, knownDataset } from "./is-recorded-dataset.ts";
import { knownMedia } from "./known-media.ts";
import { isRecordedCode, knownCode } from "./is-recorded-code.ts";
import { type Checks, isNumber, isText, isTexts, oneOf, optional, pickMembers } from "./members.ts";
import { isCount, isCounts, isDictionary, isDigest, isInteger, isStrings } from "./record-checks.ts";

type KnownEvent = Exclude<RunEvent, MediaRecord>;

const count = /* @__PURE__ */ optional(isCount);
const integer = /* @__PURE__ */ optional(isInteger);
const text = /* @__PURE__ */ optional(isText);
const time = /* @__PURE__ */ optional(isNumber);
const head = { v: /* @__PURE__ */ oneOf(1), order: isInteger, time: isNumber };

const versionChecks: Checks<RecordedVersion> = {
  name: isText,
  version: isText,
  digest: isText,
  size: isNumber,
  type: text,
  aliases: isTexts,
  metadata: isDictionary,
  createdAt: isNumber,
  runId: text,
  manifest: isManifest,
};

const manifestChecks: Checks<RecordedVersion["manifest"]> = { key: isText, size: isCount, digest: isDigest };

const errorChecks: Checks<ErrorSummary> = { name: isText, message: isText, stack: text };

const set = { ...head, set: isDictionary };
const version = { ...head, version: isVersion };

/** The members of each kind of event. */
const checks: { readonly [Event in KnownEvent as Event["kind"]]: Checks<Event> } = {
  session: {
    kind: /* @__PURE__ */ oneOf("session"),
    ...head,
    mode: /* @__PURE__ */ oneOf("start", "join", "recover", "exclusive"),
    fence: integer,
    beatMs: isNumber,
    alive: text,
    positions: /* @__PURE__ */ optional(isCounts),
    document: count,
    writers: count,
  },
  params: { kind: /* @__PURE__ */ oneOf("params"), ...set },
  environment: { kind: /* @__PURE__ */ oneOf("environment"), ...set },
  tags: {
    kind: /* @__PURE__ */ oneOf("tags"),
    ...head,
    set: /* @__PURE__ */ optional(isStrings),
    remove: /* @__PURE__ */ optional(isTexts),
  },
  note: { kind: /* @__PURE__ */ oneOf("note"), ...head, text: isText },
  metric: {
    kind: /* @__PURE__ */ oneOf("metric"),
    ...head,
    name: isText,
    goal: /* @__PURE__ */ optional(oneOf("minimize", "maximize")),
    stepMetric: text,
    unit: text,
    description: text,
  },
  artifact: { kind: /* @__PURE__ */ oneOf("artifact"), ...version },
  input: { kind: /* @__PURE__ */ oneOf("input"), ...version },
  dataset: {
    kind: /* @__PURE__ */ oneOf("dataset"),
    ...head,
    name: isText,
    digest: isText,
    uri: text,
    size: count,
    context: text,
    rows: count,
    columns: count,
    // `isDatasetData` checks these two.
    schema: (_value): _value is DatasetEvent["schema"] => true,
    profile: (_value): _value is DatasetEvent["profile"] => true,
    artifact: text,
  },
  code: { kind: /* @__PURE__ */ oneOf("code"), ...head, code: isRecordedCode },
  beat: { kind: /* @__PURE__ */ oneOf("beat"), ...head },
  clock: { kind: /* @__PURE__ */ oneOf("clock"), ...head, jumpMs: isNumber },
  dropped: { kind: /* @__PURE__ */ oneOf("dropped"), ...head, points: isInteger },
  finish: {
    kind: /* @__PURE__ */ oneOf("finish"),
    ...head,
    status: /* @__PURE__ */ oneOf("finished", "failed", "killed"),
    endTime: time,
    error: /* @__PURE__ */ optional(isError),
  },
  leave: { kind: /* @__PURE__ */ oneOf("leave"), ...head, next: isInteger },
  interrupted: { kind: /* @__PURE__ */ oneOf("interrupted"), ...head, positions: isCounts, endTime: time },
};

function isManifest(value: unknown): value is RecordedVersion["manifest"] {
  return pickMembers(value, manifestChecks) !== undefined;
}

function isVersion(value: unknown): value is RecordedVersion {
  return pickMembers(value, versionChecks) !== undefined;
}

function isError(value: unknown): value is ErrorSummary {
  return pickMembers(value, errorChecks) !== undefined;
}

/**
 * Returns the event with the members that this library knows, or `undefined` if it does not know the kind or version.
 */
export function knownEvent(value: unknown): RunEvent | undefined {
  if (!isDictionary(value)) return undefined;
  const { kind } = value;
  if (kind === "media") return knownMedia(value);
  if (typeof kind !== "string" || !Object.hasOwn(checks, kind)) return undefined;
  const event = pickMembers(value, checks[kind as KnownEvent["kind"]] as Checks<KnownEvent>);
  switch (event?.kind) {
    case "dataset":
      return isDatasetData({ ...event }) ? knownDataset(event) : undefined;
    case "code":
      return { ...event, code: knownCode(event.code) };
    case "artifact":
    case "input":
      return { ...event, version: knownVersion(event.version) };
    case "finish":
      return { ...event, ...(event.error && { error: pickMembers(event.error, errorChecks) }) };
    default:
      return event;
  }
}

function knownVersion(version: RecordedVersion): RecordedVersion {
  const known = pickMembers(version, versionChecks) as RecordedVersion;
  return { ...known, manifest: pickMembers(known.manifest, manifestChecks) as RecordedVersion["manifest"] };
}

const decoder = /* @__PURE__ */ utf8Decoder({ fatal: true });

export type EventDecoder = (bytes: Uint8Array) => { event: RunEvent } | { unknown: string };

/**
 * Returns an event, or the kind and version of an event that this version does not know. A reader skips and reports it.
 */
export function decodeEvent(bytes: Uint8Array): { event: RunEvent } | { unknown: string } {
  const value = decodeJson(decoder.decode(bytes));
  const event = knownEvent(value);
  if (event) return { event };
  const { kind, v } = (isDictionary(value) ? value : {}) as { kind?: unknown; v?: unknown };
  return { unknown: `${String(kind).slice(0, 40)} v${String(v).slice(0, 10)}` };
}
