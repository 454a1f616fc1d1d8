import { LedgerError } from "../../index.ts";
import type { AnyCallback } from "./any-callback.ts";
import { makeCallback } from "./make-callback.ts";
import { nextTurn } from "./next-turn.ts";
import { reading, readOptions } from "./options.ts";
import { wrapPlain } from "./plain-callback.ts";
import type { TensorFlow } from "./tensorflow.ts";
import { giveModel, isOwnCallback, type TrainingCallback } from "./training-callback.ts";
import type { YieldEvery } from "./yield-every.ts";

/** Options of `mix`. */
export interface MixOptions {
  /** The module of TensorFlow.js. With it, no callback costs a read-back that it does not ask for. */
  readonly tf?: TensorFlow | undefined;
  /** The model, for callbacks of this adapter that need it. */
  readonly model?: object | undefined;
  /** What `model.fit` gets as `yieldEvery`. Default `"auto"`. */
  readonly yieldEvery?: YieldEvery | undefined;
}

/**
 * Returns a list for `callbacks` of `model.fit` in which plain objects, callbacks of TF.js such as `earlyStopping`, and
 * those of this adapter all work, in every order. Callbacks of TF.js come first. Plain objects go on in a hidden page.
 * Throws `INVALID_ARGUMENT` if an item of the list is not a callback.
 */
export function mix(
  callbacks: AnyCallback | readonly AnyCallback[] | undefined,
  options?: MixOptions,
): TrainingCallback[] {
  const { tf, model, yieldEvery = "auto" } = readOptions("mix", options, ["tf", "model", "yieldEvery"]);
  const list = toList(callbacks);
  return reading("callbacks", () => {
    if (model) for (const callback of list) giveModel(callback, model);
    return arrange(list, tf, yieldEvery) as TrainingCallback[];
  });
}

function arrange(list: readonly object[], tf: TensorFlow | undefined, yieldEvery: YieldEvery): readonly object[] {
  const CustomCallback = tf?.CustomCallback as (new (hooks: object, yieldEvery: YieldEvery) => object) | undefined;
  if (typeof CustomCallback === "function") {
    // It heads the list, so that TF.js takes the list as it is, and gives way.
    const head = new CustomCallback({ nextFrameFunc: nextTurn }, yieldEvery);
    return [head, ...list.map((each) => (hasModel(each) ? each : new CustomCallback(framed(each), yieldEvery)))];
  }
  const ofTensorFlow = list.filter((each) => hasModel(each) && !isOwnCallback(each));
  if (ofTensorFlow.length === 0) return list.map((each) => withoutYield(framed(each), yieldEvery));
  const others = list.filter((each) => !ofTensorFlow.includes(each));
  // Nobody gives way in a list that a callback of TF.js heads.
  const plain = others.map((each) => (isOwnCallback(each) ? each : wrapPlain(each, yieldEvery)));
  return [...ofTensorFlow, ...(yieldEvery === "never" || others.some(isOwnCallback) ? [] : [givingWay()]), ...plain];
}

/** Returns whether it is a callback of TF.js, or acts as one: TF.js gives it the model. */
function hasModel(callback: object): boolean {
  const { setParams, setModel } = callback as Partial<TrainingCallback>;
  return typeof setParams === "function" && typeof setModel === "function";
}

/** Returns a plain callback that goes on in a hidden page, where TF.js waits for a frame that never comes. */
function framed(callback: object): object {
  if ("nextFrameFunc" in callback) return callback;
  return Object.create(callback, { nextFrameFunc: { value: nextTurn } }) as object;
}

/** TF.js refuses `onYield` with `yieldEvery: "never"`. */
function withoutYield(callback: object, yieldEvery: YieldEvery): object {
  if (yieldEvery !== "never" || !isOwnCallback(callback)) return callback;
  return Object.create(callback, { onYield: { value: undefined } }) as object;
}

function givingWay(): TrainingCallback {
  const nothing = async (): Promise<void> => {};
  return makeCallback({ begin: nothing, epochEnd: nothing, end: nothing, innerModel: () => {}, ownModel: () => {} });
}

/** Returns the callbacks as a list. */
export function toList(callbacks: unknown): object[] {
  const list: unknown[] = callbacks === undefined || callbacks === null ? [] : [callbacks].flat();
  for (const callback of list) {
    if (typeof callback === "object" && callback !== null) continue;
    throw new LedgerError("INVALID_ARGUMENT", "callbacks must be callbacks of TensorFlow.js or objects with hooks", {
      field: "callbacks",
      received: callback === null ? "null" : typeof callback,
    });
  }
  return list as object[];
}
