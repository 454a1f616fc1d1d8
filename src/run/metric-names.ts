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

/**
 * The metrics of a call of `log()`, which has the type `T`, if only the metrics called `Name` may be logged. Nested
 * objects flatten with `/`.
 */
export type LoggedMetrics<T, Name extends string> = string extends Name
  ? Metrics | (T & MetricsOf<T>)
  : T & NamedMetrics<T, Name, "">;

/** Metrics of the type `T`, with `never` for a name that may not be logged. */
type NamedMetrics<T, Name extends string, Prefix extends string> = {
  readonly [Key in keyof T]: NonNullable<T[Key]> extends number | bigint
    ? Key extends string | number
      ? `${Prefix}${Key}` extends Name
        ? T[Key]
        : never
      : never
    : NonNullable<T[Key]> extends readonly unknown[] | ArrayBufferView | ((...input: never) => unknown)
      ? never
      : NonNullable<T[Key]> extends object
        ? Key extends string | number
          ? NamedMetrics<T[Key], Name, `${Prefix}${Key}/`>
          : never
        : never;
};

/** What the type of the metrics of a call must be. It lets editors propose the names. */
export type ProposedMetrics<Name extends string> = string extends Name
  ? object
  : { readonly [Key in Name | HeadOf<Name>]?: unknown };

/** The part of a name before the first `/`. */
type HeadOf<Name extends string> = Name extends `${infer Head}/${string}` ? Head : never;
