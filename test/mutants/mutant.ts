import type { Backend, Capabilities } from "../../src/backend/backend.ts";
import type { Store } from "./reference.ts";

/** A backend with one defect. */
export interface Mutant {
  readonly name: string;
  /** The capabilities of the correct backend under the defect. Default: all. */
  readonly capabilities?: Capabilities;
  /** Breaks one handle. `store` is shared by the handles of one place. */
  readonly damage: (inner: Required<Backend>, store: Store) => Partial<Backend>;
}

/** A mutant as `[name, damage]`: less to read in a long table. */
export function mutant(name: string, damage: Mutant["damage"], capabilities?: Capabilities): Mutant {
  return capabilities === undefined ? { name, damage } : { name, damage, capabilities };
}

/** Lets everything run that waits only for microtasks. */
export function later(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
