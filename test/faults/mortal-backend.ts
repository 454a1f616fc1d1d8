import type { Backend } from "../../src/index.ts";
import { type FaultMode, type FaultyBackend, faultyBackend } from "../../src/testing/index.ts";

/** The backend as one process has it: something can go wrong with its next write, and it can die. */
export interface MortalBackend extends Backend {
  /** Lets the next `append` or `create` go wrong. */
  arm(mode: FaultMode): void;
  /** Whether something has been armed and nothing has been written since. */
  readonly armed: boolean;
  /** From now on every call is refused. */
  die(): void;
  readonly dead: boolean;
  /** What is late takes effect now. */
  settle(): Promise<void>;
}

export function mortalBackend(inner: Backend): MortalBackend {
  const past: FaultyBackend[] = [];
  let current: FaultyBackend = faultyBackend(inner);
  const { append, move } = inner;
  return {
    contract: 1,
    name: inner.name,
    capabilities: inner.capabilities,
    create: (key, body, options) => current.create(key, body, options),
    read: (key, options) => current.read(key, options),
    stat: (key, options) => current.stat(key, options),
    list: (prefix, options) => current.list(prefix, options),
    remove: (key, options) => current.remove(key, options),
    ...(append && { append: (key, bytes, options) => (current as Required<Backend>).append(key, bytes, options) }),
    ...(move && { move: (from, to, options) => (current as Required<Backend>).move(from, to, options) }),
    arm(mode) {
      past.push(current);
      current = faultyBackend(inner, { mode, at: 1, only: ["append", "create"] });
    },
    get armed() {
      const { log } = current.operations;
      return past.length > 0 && log.every(({ fault }) => fault === undefined);
    },
    die() {
      past.push(current);
      current = faultyBackend(inner, { mode: "crash-before", at: 1, times: Number.POSITIVE_INFINITY });
    },
    get dead() {
      return current.crashed;
    },
    async settle() {
      for (const each of [...past, current]) await each.settle();
    },
  };
}
