import type { Backend, Capabilities } from "../backend/backend.ts";
import type { OtherProcess } from "./harness.ts";

/** What a case gets: handles on one empty place. */
export interface World {
  /** The first handle. */
  readonly backend: Backend;
  /** Opens one more handle on the same place. All handles are closed after the case. */
  open(): Promise<Backend>;
  /** Starts another process, if the harness can. It is killed after the case. */
  readonly otherProcess?: (() => Promise<OtherProcess>) | undefined;
}

/** What a case needs of a backend. `!append`: a backend that does not declare `append`. */
export type Need = keyof Capabilities | "!append" | "!move" | "close" | "liveness" | "changes" | "otherProcess";

/** One test of the contract, as data. */
export interface ConformanceCase {
  /** What the case checks, as the name of a test. */
  readonly name: string;
  /** What the backend must have. The case is skipped if the opened backend lacks one of them. */
  readonly needs?: readonly Need[];
  /** Runs the case. Rejects with a `ContractViolation` if the backend breaks the contract. */
  run(world: World): Promise<void>;
}

/** Returns why a case with these needs cannot run in this world, or `undefined` if it can. */
export function missing({ backend, otherProcess }: World, needs: readonly Need[] = []): string | undefined {
  for (const need of needs) {
    if (need === "otherProcess") {
      if (otherProcess === undefined) return "the harness has no otherProcess()";
    } else if (need === "close" || need === "liveness" || need === "changes") {
      if (backend[need] === undefined) return `${backend.name} has no ${need}`;
    } else if (need === "!append" || need === "!move") {
      if (backend.capabilities?.[need.slice(1) as "append" | "move"] === true)
        return `${backend.name} declares ${need.slice(1)}`;
    } else if (backend.capabilities?.[need] !== true) return `${backend.name} does not declare ${need}`;
  }
  return undefined;
}
