/** Tags by their keys. Numbers and booleans become text; `undefined` is skipped. */
export interface Tags {
  readonly [key: string]: string | number | boolean | undefined;
}

/**
 * Tags of any type `T` whose members are values of tags. It admits an interface, which has no index signature and so is
 * not a {@link Tags}.
 */
export type TagsOf<T> = T extends readonly unknown[] | ((...input: never) => unknown)
  ? never
  : { readonly [Key in keyof T]: T[Key] extends string | number | boolean | undefined ? T[Key] : never };
