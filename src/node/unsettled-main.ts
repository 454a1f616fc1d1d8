import { realpathSync } from "node:fs";
import * as nodeModule from "node:module";
import { pathToFileURL } from "node:url";

/** What of `node:module` is needed. The types that compile this may be older than the function. */
interface ModuleHooks {
  registerHooks?(hooks: {
    resolve(specifier: string, context: unknown, next: (specifier: string, context: unknown) => unknown): unknown;
    load(url: string, context: unknown, next: (url: string, context: unknown) => unknown): unknown;
  }): { deregister(): void };
}

/** An empty module. Its URL is not a literal in `import()`, because compilers and bundlers would look for a file. */
const EMPTY_MODULE: string = "data:text/javascript,";

/**
 * Returns whether a top-level `await` of the program's main module has not settled. If that is so when nothing keeps
 * the process alive, Node ends it with exit code 13, which it sets only after `beforeExit`.
 *
 * Node 20 has a listener while the main module is evaluated. Later versions have none, but a second `import()` of a
 * module settles with the first one. A hook makes sure that this import never loads the main module again: it fails if
 * the main module is not loaded under the expected URL. Returns false if neither way is possible.
 */
export async function isMainUnsettled(): Promise<boolean> {
  if (process.listeners("exit").some(({ name }) => name === "handleProcessExit")) return true;
  const { registerHooks } = nodeModule as ModuleHooks;
  const main = mainUrl();
  if (registerHooks === undefined || main === undefined) return false;
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === main ? { url: main, shortCircuit: true } : next(specifier, context),
    load: (url, context, next) => {
      if (url === main) throw new Error("the main module is not loaded under this URL");
      return next(url, context);
    },
  });
  try {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    void import(/* @vite-ignore */ main).then(settle, settle);
    // A module that is not loaded yet takes longer than one that is.
    await import(/* @vite-ignore */ EMPTY_MODULE);
    await new Promise((resolve) => setImmediate(resolve));
    return !isSettled;
  } catch {
    return false;
  } finally {
    hooks.deregister();
  }
}

/** Returns the URL under which Node loads the main module, if that is a file. */
function mainUrl(): string | undefined {
  try {
    return process.argv[1] === undefined ? undefined : pathToFileURL(realpathSync(process.argv[1])).href;
  } catch {
    return undefined;
  }
}
