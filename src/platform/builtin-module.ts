/**
 * Returns a module built into Node, Bun or Deno, or `undefined` on other platforms. Gets it from the process, not by an
 * import: bundlers for browsers then see no such module, and Node need not find another file.
 */
export function builtinModule<Module>(name: string): Module | undefined {
  const { process } = globalThis as { readonly process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.(name) as Module | undefined;
}
