import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { ID_PATTERN } from "../journal/run-id.ts";
import { sealKey } from "../journal/sealing.ts";

/** Knows which runs are sealed. Costs one request for each run that it is asked about. */
export class SealedRuns {
  readonly #backend: Backend;
  readonly #signal: AbortSignal | undefined;
  readonly #known = new Map<string, Promise<boolean>>();

  constructor(backend: Backend, signal: AbortSignal | undefined) {
    this.#backend = backend;
    this.#signal = signal;
  }

  /** Returns whether a run has a seal. `id` comes from a stored object, so it may be no id. */
  async has(id: string | undefined): Promise<boolean> {
    if (id === undefined || !ID_PATTERN.test(id)) return false;
    const known = this.#known.get(id) ?? this.#ask(id);
    this.#known.set(id, known);
    return await known;
  }

  async #ask(id: string): Promise<boolean> {
    return (await this.#backend.stat(sealKey(id), callOptions(this.#signal))) !== undefined;
  }
}
