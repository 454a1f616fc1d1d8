import type { Metrics, MetricsOf } from "./metric-input.ts";

/** The metric names that a glob stands for, as a type: `layer/*` is `layer/${string}`. */
export type NamesOf<Glob extends string> = Glob extends `${infer Before}*${infer After}`
  ? `${Before}${string}${NamesOf<After>}`
  : Glob;

/** Those of the names that come from globs, and stand for many names. */
export type PatternsOf<Name extends string> = Name extends string
  ? Record<never, never> extends { readonly [N in Name]: 1 }
    ? Name
    : never
  : never;

/** The names and globs that a run may define if only the metrics called `Name` may be logged. */
export type DefinedName<Name extends string> = Name | `${string}*${string}`;

/**
 * The metrics of a call of `log()`, which has the type `T`, if only the metrics called `Name` may be logged. Nested
 * objects flatten with `/`.
 */
export type LoggedMetrics<T, Name extends string> = string extends Name
  ? Metrics | (T & MetricsOf<T>)
  : T extends NamedMetrics<T, Name, "">
    ? T
    : NamedMetrics<T, Name, "">;

/** The values that may be logged in place of `T`. What is wrong gets a type that says why. */
type NamedMetrics<T, Name extends string, Prefix extends string> = {
  readonly [Key in keyof T]: [T[Key]] extends [undefined]
    ? T[Key]
    : Key extends string | number
      ? NamedValue<T[Key], Name, `${Prefix}${Key}`>
      : never;
};

/** The value that may be logged under a key in place of `Value`. */
type NamedValue<Value, Name extends string, Key extends string> =
  NonNullable<Value> extends number | bigint
    ? Key extends Name
      ? number | bigint | undefined
      : UnknownMetric<Key, Name>
    : NonNullable<Value> extends readonly unknown[] | ArrayBufferView | ((...input: never) => unknown)
      ? number | bigint | undefined
      : NonNullable<Value> extends object
        ? NamedMetrics<Value, Name, `${Key}/`>
        : Key extends Name
          ? number | bigint | undefined
          : UnknownMetric<Key, Name>;

/** Stands in messages of the compiler for a metric that the experiment does not have. Nothing has this type. */
export interface UnknownMetric<Key extends string, Name extends string> {
  /** The name that was logged. */
  readonly "unknown metric": Key;
  /** The names of the experiment. */
  readonly "the metrics are": Name;
}

/** What the type of the metrics of a call must be. It lets editors propose the names. */
export type ProposedMetrics<Name extends string> = string extends Name
  ? object
  : { readonly [Key in Name | HeadOf<Name>]?: unknown };

/** The part of a name before the first `/`. */
type HeadOf<Name extends string> = Name extends `${infer Head}/${string}` ? Head : never;
