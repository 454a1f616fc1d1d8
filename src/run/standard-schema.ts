/**
 * A schema of any library that implements Standard Schema (https://standardschema.dev), version 1: zod, valibot,
 * arktype and others. The interface is the part of the specification that is needed here.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** The properties of the specification. */
  readonly "~standard": {
    /** The version of the specification. */
    readonly version: 1;
    /** The name of the library. */
    readonly vendor: string;
    /** Returns the output for a value, or what is wrong with the value. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Types for the compiler. No library sets it. */
    readonly types?:
      | {
          /** What the schema takes. */
          readonly input: Input;
          /** What the schema returns. */
          readonly output: Output;
        }
      | undefined;
  };
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | {
      /** The value as the schema returns it, with defaults and conversions. */
      readonly value: Output;
      /** Absent if the value fits. */
      readonly issues?: undefined;
    }
  | {
      /** Everything that is wrong. */
      readonly issues: readonly SchemaIssue[];
    };

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  /** What is wrong, for people. */
  readonly message: string;
  /** Where: keys from the outside in. */
  readonly path?:
    | readonly (
        | PropertyKey
        | {
            /** The key. */
            readonly key: PropertyKey;
          }
      )[]
    | undefined;
}

/** What a schema takes. */
export type InputOf<S> =
  S extends StandardSchema<unknown, unknown> ? NonNullable<S["~standard"]["types"]>["input"] : never;
/** What a schema returns. */
export type OutputOf<S> =
  S extends StandardSchema<unknown, unknown> ? NonNullable<S["~standard"]["types"]>["output"] : never;
