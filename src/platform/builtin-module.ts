/**
 * A module built into Node, Bun or Deno; `undefined` on other platforms. The process is asked for it: bundlers for browsers see no
 * name of such a module, and no file has to be found that imports it.
 */
export function builtinModule<Module>(name: string): Module | undefined {
  const { process } = globalThis as { readonly process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.(name) as Module | undefined;
}
