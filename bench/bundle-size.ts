import { brotliCompressSync, constants } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { DIST } from "./library.ts";
import type { Section } from "./report.ts";

interface Weight {
  minified: number;
  brotli: number;
}

/** What programs that use the library have to load. */
export async function bundleSize(): Promise<Section> {
  const core = await bundle("index.js", "browser");
  const table = [["", "minified, kB", "brotli, kB"], row('import "runledger", at once', core.atOnce)];
  for (const [name, weight] of core.onDemand) table.push(row(`on demand: ${name}`, weight));
  const onDemand = sum(core.onDemand.values());
  table.push(row("on demand, together", onDemand));
  const whole = (await bundle("index.js", "browser", false)).atOnce;
  table.push(row("all of it in one file", whole));
  for (const [name, platform] of [
    ["memory", "browser"],
    ["s3", "browser"],
    ["fs", "node"],
  ] as const) {
    // In one file: split, they would have part of what the core loads on demand beside them, which nobody loads then.
    const { atOnce } = await bundle(`backends/${name}/index.js`, platform, false);
    table.push(row(`"runledger/backends/${name}" by itself, in one file`, atOnce));
  }
  const target = (what: string, brotli: number, limit: number) => ({
    what,
    limit: `<= ${limit} kB`,
    measured: `${kilo(brotli)} kB`,
    met: brotli <= limit * 1000,
  });
  return {
    title: "Weight",
    method:
      "The built package through esbuild, for browsers (fs for Node), minified, dependencies included, split where the library imports on demand; " +
      "brotli 11, each file by itself. kB are 1,000 bytes.",
    table,
    targets: [
      target('what `import "runledger"` loads at once, brotli', core.atOnce.brotli, 25),
      target(
        "all of it with what loads on demand, in one file, brotli (41 kB at first, and 45 kB more)",
        whole.brotli,
        86,
      ),
    ],
  };
}

/** Weights of an entry: what it loads at once, and of each further part that is imported on demand. */
async function bundle(
  entry: string,
  platform: "browser" | "node",
  splitting = true,
): Promise<{ atOnce: Weight; onDemand: Map<string, Weight> }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL(entry, DIST))],
    bundle: true,
    splitting,
    minify: true,
    format: "esm",
    platform,
    target: "es2022",
    outdir: "/",
    absWorkingDir: "/",
    write: false,
    metafile: true,
    logLevel: "error",
  });
  const contents = new Map(
    outputFiles.map(({ path, contents }) => [path.replaceAll("\\", "/").replace(/^.*\//, ""), contents]),
  );
  const outputs = new Map(
    Object.entries(metafile.outputs).map(([path, output]) => [path.replace(/^.*\//, ""), output]),
  );
  const loaded = new Set<string>();
  const load = (file: string): Weight => {
    if (loaded.has(file)) return { minified: 0, brotli: 0 };
    loaded.add(file);
    const { imports } = outputs.get(file)!;
    const further = imports.filter(({ kind, external }) => kind === "import-statement" && external !== true);
    return sum([weigh(contents.get(file)!), ...further.map(({ path }) => load(path.replace(/^.*\//, "")))]);
  };
  const first = [...outputs].find(([, { entryPoint }]) => entryPoint?.endsWith(`dist/${entry}`))![0];
  const atOnce = load(first);
  const onDemand = new Map<string, Weight>();
  for (const [file, { entryPoint }] of outputs) {
    if (entryPoint === undefined || loaded.has(file)) continue;
    // esbuild numbers files by a hash of what is in them, tsup as well: their names without it tell what they are.
    const name = entryPoint.replace(/^.*(?:dist|node_modules)\//, "").replace(/-[A-Z0-9]{8}\.js$/, "");
    onDemand.set(name, load(file));
  }
  return { atOnce, onDemand };
}

function weigh(bytes: Uint8Array): Weight {
  const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  return { minified: bytes.length, brotli: brotliCompressSync(bytes, options).length };
}

function sum(weights: Iterable<Weight>): Weight {
  const total = { minified: 0, brotli: 0 };
  for (const { minified, brotli } of weights) {
    total.minified += minified;
    total.brotli += brotli;
  }
  return total;
}

function row(label: string, { minified, brotli }: Weight): string[] {
  return [label, kilo(minified), kilo(brotli)];
}

function kilo(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}
