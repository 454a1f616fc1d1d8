import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { transform } from "esbuild";

/** A docstring, or the name of a source, that has its lines to itself. */
const COMMENT = /^[ \t]*(?:\/\*\*(?:[^*]|\*(?!\/))*\*\/|\/\/ (?:src|node_modules)\/[^\n]*)[ \t]*\n/gm;

/**
 * Removes docstrings from the ES modules below a directory. The declarations have those of the public members, and the
 * others are 30 kB of the package. Throws if that changes the code.
 */
export async function stripComments(directory: string): Promise<void> {
  const files = (await readdir(directory, { recursive: true })).filter((path) => path.endsWith(".js"));
  await Promise.all(
    files.map(async (path) => {
      const file = join(directory, path);
      const code = await readFile(file, "utf8");
      const stripped = code.replaceAll(COMMENT, "");
      const [before, after] = await Promise.all([code, stripped].map((text) => transform(text, { minify: true })));
      if (before!.code !== after!.code) throw new Error(`${path}: a comment is part of the code`);
      await writeFile(file, stripped);
    }),
  );
}
