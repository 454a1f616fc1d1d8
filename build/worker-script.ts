import { join } from "node:path";
import { type Plugin, build } from "esbuild";

/**
 * Puts the worker of `runledger/backends/opfs` as a text into the module that has none in the sources, so that a page
 * needs no file for it.
 */
export const workerScript: Plugin = {
  name: "worker-script",
  setup: (main) => {
    main.onLoad({ filter: /backends[\\/]opfs[\\/]worker-script\.ts$/ }, async ({ path }) => {
      const entry = join(path, "../worker-main.ts");
      const { outputFiles, metafile } = await build({
        entryPoints: [entry],
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
      return {
        contents: `export const workerScript: string | undefined = ${JSON.stringify(outputFiles[0]!.text.trim())};`,
        loader: "ts",
        watchFiles: Object.keys(metafile.inputs),
      };
    });
  },
};
