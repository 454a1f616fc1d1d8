import type { OptionNames } from "../../arguments/options.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import type { Backend } from "../backend.ts";

/**
 * Throws `UNSUPPORTED` for an option that a layer does not know. `readOptions` says more, and weighs more than a layer.
 */
export function checkNames<T extends object>(layerName: string, options: T, names: OptionNames<T>): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(names, name) || options[name as keyof T] === undefined) continue;
    const message = `${layerName} does not know the option ${JSON.stringify(name.slice(0, 100))}`;
    throw new LedgerError("UNSUPPORTED", message, { field: name.slice(0, 100) });
  }
}

/** The methods that a layer replaces. */
export interface LayerMethods {
  readonly create?: Backend["create"];
  readonly read?: Backend["read"];
  readonly stat?: Backend["stat"];
  readonly list?: Backend["list"];
  readonly remove?: Backend["remove"];
  readonly append?: NonNullable<Backend["append"]>;
  readonly move?: NonNullable<Backend["move"]>;
  readonly changes?: NonNullable<Backend["changes"]>;
  readonly locate?: NonNullable<Backend["locate"]>;
  readonly close?: NonNullable<Backend["close"]>;
}

/**
 * Returns `inner` with some methods replaced. Everything else is that of `inner`, also `capabilities` and `liveness`.
 * The result has an optional method only if `inner` has it.
 */
export function layer(inner: Backend, own: LayerMethods): Backend {
  const { append, move, changes, locate, close } = inner;
  return {
    contract: 1,
    name: inner.name,
    // Read each time, because a backend may learn later what its store can do.
    get capabilities() {
      return inner.capabilities;
    },
    create: own.create ?? ((key, body, options) => inner.create(key, body, options)),
    read: own.read ?? ((key, options) => inner.read(key, options)),
    stat: own.stat ?? ((key, options) => inner.stat(key, options)),
    list: own.list ?? ((prefix, options) => inner.list(prefix, options)),
    remove: own.remove ?? ((key, options) => inner.remove(key, options)),
    ...(inner.liveness && { liveness: inner.liveness }),
    ...(append && {
      append: own.append ?? ((key: string, bytes: Uint8Array, options) => append.call(inner, key, bytes, options)),
    }),
    ...(move && { move: own.move ?? ((from: string, to: string, options) => move.call(inner, from, to, options)) }),
    ...(changes && {
      changes: own.changes ?? ((prefix: string, options) => changes.call(inner, prefix, options)),
    }),
    ...(locate && { locate: own.locate ?? ((key: string) => locate.call(inner, key)) }),
    ...(close && { close: own.close ?? (() => close.call(inner)) }),
  };
}
