import { join } from "node:path";
import { type Plugin, build } from "esbuild";

/** Matches the module of the sources that has no worker. */
export const WORKER_SCRIPT: RegExp = /backends[\\/]opfs[\\/]worker-script\.ts$/;

/** Returns the module that has the worker as a text, and the files that it was made of. `path` is that of the module. */
export async function bundleWorker(path: string): Promise<{ code: string; inputs: string[] }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(path, "../worker-main.ts")],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    platform: "browser",
    // Otherwise "sideEffects" of the package lets esbuild leave out everything.
    ignoreAnnotations: true,
    metafile: true,
    write: false,
  });
  const text = JSON.stringify(outputFiles[0]!.text.trim());
  return { code: `export const workerScript = ${text};`, inputs: Object.keys(metafile.inputs) };
}

/**
 * Puts the worker of `runledger/backends/opfs` as a text into the module that has none in the sources, so that a page
 * needs no file for it.
 */
export const workerScript: Plugin = {
  name: "worker-script",
  setup: (main) => {
    main.onLoad({ filter: WORKER_SCRIPT }, async ({ path }) => {
      const { code, inputs } = await bundleWorker(path);
      return { contents: code, loader: "js", watchFiles: inputs };
    });
  },
};
