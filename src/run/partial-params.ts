/**
 * What `setParams` takes if the params of the run have the type `Params`: some of them. Any object if the type names
 * none.
 */
export type PartialParams<Params> = object & {
  readonly [Key in keyof Params as string extends Key ? never : Key]?: PartOf<Params[Key]> | undefined;
};

/** Objects with some of their members, at every level: `setParams` merges objects, and replaces lists. */
type PartOf<T> = T extends readonly unknown[] | ((...input: never) => unknown)
  ? T
  : T extends object
    ? { readonly [Key in keyof T]?: PartOf<T[Key]> | undefined }
    : T;
