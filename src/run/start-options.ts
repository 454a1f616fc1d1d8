import { type OptionNames, readOptions } from "../arguments/options.ts";
import { checkChoice } from "../arguments/choice.ts";
import { invalidArgument, invalidChoice, isList, LedgerError } from "../errors/ledger-error.ts";
import { decodeJson } from "../bytes/decode-json.ts";
import { encodeJson } from "../bytes/encode-json.ts";
import type { Dictionary } from "../journal/event.ts";
import type { ForkOrigin } from "../journal/fork-origin.ts";
import type { FlushOptions } from "../journal/flush-policy.ts";
import { isDeviceName } from "../backend/key.ts";
import type { GivenCode } from "../provenance/code-snapshot.ts";
import { type FixedAttributes, fixedAttributes, pickFixed } from "../journal/run-attributes.ts";
import { ID_PATTERN } from "../journal/run-id.ts";
import { checkTags, type Tags, type TagsOf } from "./tags.ts";
import { checkTime } from "./log-position.ts";
import { checkName, checkText } from "./check-text.ts";

/** How a run begins. */
export interface StartRunOptions<T extends object = Tags> {
  /** The experiment that the run belongs to. Default: that of the run that `forkOf` names, else `"default"`. */
  readonly experiment?: string | undefined;
  /** The name of the run. It need not be unique. Default: the experiment and the end of the id. */
  readonly name?: string | undefined;
  /** The hyperparameters: any nested JSON data, with NaN, infinities and bigints. */
  readonly params?: object | undefined;
  /** The tags. Numbers and booleans become text. */
  readonly tags?: Tags | (T & TagsOf<T>) | undefined;
  /** Free text. */
  readonly note?: string | undefined;
  /** Puts runs together that belong together, such as the folds of a cross-validation. */
  readonly group?: string | undefined;
  /** What the run does in its group: `train`, `eval`, … */
  readonly jobType?: string | undefined;
  /** The id of the run that this one belongs to. */
  readonly parent?: string | undefined;
  /**
   * Continues another run from a step without copying it: histories of the new run begin with the points of that run up
   * to this step. Without a step of its own, the first row gets the step after it. Everything else, such as params,
   * tags and summaries, is of the new run alone. Rejects with `RUN_NOT_FOUND` if there is no such run. If that run has
   * ended before the step, `onError` gets an error that names its last step.
   */
  readonly forkOf?: ForkOrigin | undefined;
  /**
   * What to record of where the program runs. `true` (default): runtime, operating system, processors, and nothing
   * secret. `false`: nothing. An object: exactly that, without values that look like secrets or have the name of one.
   */
  readonly environment?: boolean | object | undefined;
  /**
   * The code that the run is made with: what `captureGit` of `runledger/git` returns, or the parts that you know, such
   * as `{ commit: process.env.GITHUB_SHA }`. `startRun` does not wait for a promise: the code is recorded once it
   * settles, at the latest when the run is closed, which waits at most 12 s for it. If the promise rejects, or does not
   * settle in time, `onError` gets the reason, and the record says that the code is unknown. `false`: record nothing,
   * whatever the ledger captures by itself.
   */
  readonly code?: GivenCode | PromiseLike<GivenCode | undefined> | false | undefined;
  /** When buffered records are written, and how many may wait. */
  readonly flush?: FlushOptions | undefined;
  /**
   * An id of your own: letters, digits, `_` and `-`, at most 64, the first a letter or a digit, and not a device name
   * of Windows. Rejects with `RUN_EXISTS` if it is taken, unless `resume` is `"allow"`. Default: an id that sorts by
   * the time.
   */
  readonly id?: string | undefined;
  /**
   * What to do if the `id` is taken. `"allow"`: resume that run, beside writers that it may have. Then the params and
   * the note given here replace those of the run, so does the code, the tags are added, and its name, group, job type,
   * parent, fork, environment and start stay. Rejects with `RUN_CLOSED` if the run was deleted. Default `"never"`.
   */
  readonly resume?: "never" | "allow" | undefined;
  /** When the run began, in ms since the epoch. For importers. Default: now. */
  readonly startTime?: number | undefined;
  /**
   * The longest time between two signs of life that the run stores, in ms. Default 10,000 if the backend appends, else
   * 60,000.
   */
  readonly heartbeatMs?: number | undefined;
  /**
   * Aborting it before the run has started rejects the call; after that it closes the run as `killed`. If the storage
   * took the run before the call rejected, the run stays: it reads as `running` while this process lives, and then as
   * `interrupted`.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Checked {@link StartRunOptions}. They are copies, so that later changes of the caller's objects have no effect. */
export interface CheckedOptions extends FixedAttributes {
  readonly experiment: string;
  readonly name: string | undefined;
  readonly params: Dictionary | undefined;
  readonly tags: Dictionary<string> | undefined;
  readonly note: string | undefined;
  readonly environment: Dictionary | boolean;
  readonly forkOf: ForkOrigin | undefined;
  readonly id: string | undefined;
  readonly resume: "never" | "allow";
  readonly startTime: number | undefined;
}

/** Options as callers give them. With a schema, the types of the public overloads are stricter. */
export interface GivenStartOptions extends StartRunOptions {
  /** What `defineExperiment` returns, not checked yet. */
  readonly schema?: object | undefined;
}

/** The names of all {@link GivenStartOptions}. */
export const START_OPTIONS: OptionNames<GivenStartOptions> = {
  experiment: true,
  name: true,
  params: true,
  tags: true,
  note: true,
  group: true,
  jobType: true,
  parent: true,
  forkOf: true,
  schema: true,
  environment: true,
  code: true,
  id: true,
  resume: true,
  startTime: true,
  flush: true,
  heartbeatMs: true,
  signal: true,
};

/** Returns checked copies of the options. Throws `INVALID_ARGUMENT`, which names the field. */
export function checkOptions(options: StartRunOptions): CheckedOptions {
  const name = (value: unknown, field: string): string | undefined =>
    value === undefined ? undefined : checkName(value, field);
  for (const member of fixedAttributes) name(options[member], member);
  const { parent } = options;
  if (parent !== undefined && !ID_PATTERN.test(parent))
    throw new LedgerError("INVALID_ARGUMENT", "parent must be the id of a run", {
      field: "parent",
      received: "string",
    });
  const { environment = true, resume = "never", startTime } = options;
  // Users of W&B pass `"must"` or `true`.
  if ((resume as unknown) === "must" || (resume as unknown) === true)
    throw invalidChoice("resume", '"never" or "allow"', resume, "; to continue a run that exists, call resumeRun(id)");
  checkChoice("resume", resume, ["never", "allow"]);
  if (resume === "allow" && options.id === undefined)
    throw new LedgerError("INVALID_ARGUMENT", 'resume "allow" needs the id of the run', { field: "resume" });
  return {
    experiment: name(options.experiment, "experiment") ?? "default",
    name: name(options.name, "name"),
    params: options.params === undefined ? undefined : copyData(options.params, "params"),
    tags: options.tags === undefined ? undefined : checkTags(options.tags, "tags"),
    note: options.note === undefined ? undefined : checkText(options.note, "note"),
    ...pickFixed(options),
    forkOf: options.forkOf === undefined ? undefined : checkFork(options.forkOf),
    environment: typeof environment === "boolean" ? environment : copyData(environment, "environment"),
    id: options.id === undefined ? undefined : checkOwnId(options.id),
    resume,
    startTime: startTime === undefined ? undefined : checkTime(startTime, "startTime"),
  };
}

function checkFork(given: ForkOrigin): ForkOrigin {
  if (typeof given === "string") throw invalidArgument("forkOf", "{ run, step }", given);
  const { run, step } = readOptions(
    "startRun",
    given,
    { run: true, step: true },
    "forkOf",
    () => " of forkOf, which has run and step",
  );
  if (typeof run !== "string") throw invalidArgument("forkOf.run", "the id of a run", run);
  if (!Number.isSafeInteger(step) || step === Number.MAX_SAFE_INTEGER)
    throw invalidArgument("forkOf.step", "a safe integer that another one follows", step);
  // `+ 0` makes 0 of -0.
  return { run, step: step + 0 };
}

function checkOwnId(id: unknown): string {
  if (typeof id !== "string") throw invalidArgument("id", "a string", id);
  const fault = !ID_PATTERN.test(id)
    ? "must be 1 to 64 characters: letters (a to z, A to Z), digits, _ and -, the first a letter or a digit"
    : isDeviceName(id)
      ? "is a device name of Windows"
      : undefined;
  if (fault === undefined) return id;
  throw new LedgerError("INVALID_ARGUMENT", `id ${fault}, but is ${JSON.stringify(id.slice(0, 80))}`, {
    field: "id",
    received: "string",
  });
}

/**
 * Returns a dictionary as a reader of the journal will get it. Throws `INVALID_ARGUMENT`, which names the path below
 * `field`.
 */
export function copyData(value: unknown, field: string, hint = ""): Dictionary {
  if (typeof value !== "object" || value === null || isList(field, value))
    throw invalidArgument(field, "an object", value, hint);
  return decodeJson(encodeJson(value, field)) as Dictionary;
}

/**
 * Returns the interval of the heartbeat in ms, or its default. Throws `INVALID_ARGUMENT` for anything but a sensible
 * number.
 */
export function checkHeartbeat(value: unknown, appends: boolean): number {
  if (value === undefined) return appends ? 10_000 : 60_000;
  if (typeof value !== "number" || !(value >= 10))
    throw invalidArgument("heartbeatMs", "a number of at least 10", value);
  return value;
}
