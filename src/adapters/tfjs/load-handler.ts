import { type ArtifactRef, LedgerError, type OpenArtifact } from "../../index.ts";
import type { CallOptions } from "../../backend/index.ts";
import { type LoadedModel, MODEL_FILE, parseModelJson } from "./model-artifacts.ts";
import { readOptions } from "./options.ts";
import { checkBytes } from "./weight-specs.ts";

/** An open artifact, of any copy of the library. */
export type OpenFiles = Pick<OpenArtifact, "files" | "read" | "stream">;

/** An open `Ledger`, of any copy of the library. */
export interface ArtifactLedger {
  /** Opens a version of an artifact. */
  openArtifact(ref: ArtifactRef, options?: CallOptions): Promise<OpenFiles>;
}

/** What `tf.loadLayersModel` and `tf.loadGraphModel` take. */
export interface LoadHandler {
  /** Reads the model. TF.js calls it. */
  load(): Promise<LoadedModel>;
}

/** More than any `model.json` has. */
const MAX_MODEL_JSON_BYTES: number = 256 * 1024 * 1024;

/**
 * Returns a handler for `tf.loadLayersModel` or `tf.loadGraphModel` that reads a model from an artifact: one of
 * `saveHandler` or `checkpoint`, or any directory with a `model.json` and the files of weights that it names. `load`
 * rejects with `ARTIFACT_NOT_FOUND`, with `CORRUPT` if the bytes are not those that were stored or do not fit the specs,
 * or with the signal's reason.
 */
export function loadHandler(ledger: ArtifactLedger, ref: ArtifactRef, options?: CallOptions): LoadHandler {
  const { signal } = readOptions("loadHandler", options, ["signal"]);
  let open: unknown;
  try {
    open = (ledger as Partial<ArtifactLedger> | null | undefined)?.openArtifact;
  } catch {
    // A proxy throws. It is no ledger.
  }
  if (typeof open !== "function")
    throw new LedgerError("INVALID_ARGUMENT", "ledger must be an open Ledger: await openLedger() first", {
      field: "ledger",
    });
  const call = signal === undefined ? {} : { signal };
  return { load: async () => await readModel(await ledger.openArtifact(ref, call), ref, call) };
}

/** Reads a model from an open artifact. */
export async function readModel(opened: OpenFiles, ref: ArtifactRef, call: CallOptions = {}): Promise<LoadedModel> {
  const sizes = new Map<string, number>();
  for await (const { path, size } of opened.files()) sizes.set(path, size);
  const nested = [...sizes.keys()].filter((path) => path.endsWith(`/${MODEL_FILE}`));
  const home = sizes.has(MODEL_FILE) ? MODEL_FILE : nested.length === 1 ? nested[0]! : undefined;
  if (home === undefined) throw missing(MODEL_FILE, ref);
  if ((sizes.get(home) ?? 0) > MAX_MODEL_JSON_BYTES)
    throw new LedgerError("TOO_LARGE", `${home} has more than ${MAX_MODEL_JSON_BYTES} bytes`, { field: "ref" });
  // TF.js itself needs TextDecoder, so every program that loads a model has it.
  const text = new globalThis.TextDecoder().decode(await opened.read(home, call));
  const { model, specs, paths } = parseModelJson(text, ref);
  const folder = home.slice(0, -MODEL_FILE.length);
  let total = 0;
  for (const path of paths) {
    const size = sizes.get(folder + path);
    if (size === undefined) throw missing(folder + path, ref);
    total += size;
  }
  checkBytes(specs, total, "CORRUPT");
  const weights = new Uint8Array(total);
  let at = 0;
  for (const path of paths) {
    const reader = opened.stream(folder + path, call).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      weights.set(value, at);
      at += value.byteLength;
    }
  }
  return { ...model, weightSpecs: specs, weightData: weights.buffer };
}

function missing(path: string, ref: ArtifactRef): LedgerError {
  const name = typeof ref === "string" ? ref : ref.name;
  const message = `artifact ${JSON.stringify(name)} has no file ${JSON.stringify(path)}, so it is no whole model`;
  return new LedgerError("ARTIFACT_NOT_FOUND", message, { field: "ref" });
}
