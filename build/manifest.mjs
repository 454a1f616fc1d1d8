// node build/manifest.mjs publish: before packing, leaves out of package.json what only this repository needs: the sources are not in
// the package, and neither are the tools. node build/manifest.mjs restore: afterwards, brings the whole file back.
import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";

const MANIFEST = "package.json";
const WHOLE = ".package.whole.json";

const withoutSources = (target) =>
  typeof target !== "object" || target === null
    ? target
    : Object.fromEntries(
        Object.entries(target)
          .filter(([condition]) => condition !== "runledger-source")
          .map(([condition, next]) => [condition, withoutSources(next)]),
      );

// Left over if packing was interrupted.
if (existsSync(WHOLE)) await rename(WHOLE, MANIFEST);
if (process.argv[2] === "publish") {
  const text = await readFile(MANIFEST, "utf8");
  const { scripts: _, devDependencies: __, exports, imports, ...manifest } = JSON.parse(text);
  // Nobody imports these by name: their types are only asked for here.
  for (const target of Object.values(imports)) delete target.types;
  await writeFile(WHOLE, text);
  const published = { ...manifest, imports: withoutSources(imports), exports: withoutSources(exports) };
  await writeFile(MANIFEST, `${JSON.stringify(published, undefined, 2)}\n`);
}
