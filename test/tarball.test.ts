import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { brotliCompressSync } from "node:zlib";
import { type Metafile, build } from "esbuild";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installed, installPackage, node } from "./tarball/install.ts";

let installed: Installed;
beforeAll(async () => {
  installed = await installPackage();
}, 180_000);
afterAll(() => installed?.remove());

const paths = (): string[] => installed.files.map(({ path }) => path);
const text = (path: string): string => readFileSync(join(installed.home, path), "utf8");

/** Entries that need another package, which their users install. */
const ADAPTERS: ReadonlySet<string> = new Set(["runledger/duckdb"]);

/** Every name a user can import, from `exports`, its wildcard spelled out. */
function entryPoints(): string[] {
  const { exports } = JSON.parse(text("package.json")) as { exports: Record<string, unknown> };
  const backends = paths().flatMap((path) => /^dist\/backends\/([^/]+)\/index\.js$/.exec(path)?.[1] ?? []);
  return Object.keys(exports)
    .filter((name) => name !== "./package.json")
    .flatMap((name) => (name.includes("*") ? backends.map((backend) => name.replace("*", backend)) : [name]))
    .map((name) => `runledger${name.slice(1)}`);
}

describe("contents", () => {
  test("every entry has its JavaScript and its declarations, and dist holds no other entry", () => {
    const wanted = entryPoints().map((name) => entryIn(name));
    const found = paths().filter(
      (path) => /^dist\/.*index\.(js|d\.ts)$/.test(path) && !/^dist\/.*(layers|cases)\//.test(path),
    );
    for (const entry of wanted) expect(found).toEqual(expect.arrayContaining([`${entry}.js`, `${entry}.d.ts`]));
    expect(found.filter((path) => path.endsWith(".js")).length).toBe(wanted.length);
  });

  test("both forms of #gunzip are there", () => {
    expect(paths()).toEqual(expect.arrayContaining(["dist/parquet/gunzip/node.js", "dist/parquet/gunzip/portable.js"]));
  });

  test("documents that the package refers to are in it; tests, harnesses and settings are not", () => {
    expect(paths()).toEqual(expect.arrayContaining(["README.md", "LICENSE", "docs/errors.md", "package.json"]));
    const strange = paths().filter((path) => !/^(dist|src|docs)\/|^[A-Z]+(\.md)?$|^package\.json$/.test(path));
    expect(strange).toEqual([]);
    expect(paths().filter((path) => /backends\/[^/]+\/harness\.|\.test\./.test(path))).toEqual([]);
  });

  test("a dependency is imported, or contained and noticed with its licence", () => {
    const code = paths().filter((path) => /^dist\/.*\.js$/.test(path));
    const imported = new Set(
      code.flatMap((path) => [...text(path).matchAll(/(?:from |import\()"([^".#][^"]*)"/g)].map(([, name]) => name!)),
    );
    const { dependencies } = JSON.parse(text("package.json")) as { dependencies: Record<string, string> };
    const contained = Object.keys(dependencies).filter(
      (name) => ![...imported].some((each) => each === name || each.startsWith(`${name}/`)),
    );
    const notices = text("NOTICES.md");
    expect([...notices.matchAll(/^## (.+)$/gm)].map(([, name]) => name)).toEqual(contained);
    for (const name of contained) {
      const licence = readFileSync(join(import.meta.dirname, "../node_modules", name, "LICENSE"), "utf8");
      expect(notices).toContain(licence.slice(licence.indexOf("Copyright")).trim());
    }
  });

  test("each source map's sources are in the package", () => {
    for (const path of paths().filter((name) => /^dist\/.*\.js\.map$/.test(name))) {
      const { sources } = JSON.parse(text(path)) as { sources: string[] };
      for (const source of sources.filter((name) => !name.includes("node_modules"))) {
        expect(existsSync(join(installed.home, dirname(path), source)), `${path}: ${source}`).toBe(true);
      }
    }
  });

  test("budget: at most 800 kB packed", () => {
    expect(installed.packedSize).toBeLessThan(800_000);
  });
});

describe("plain Node", () => {
  test("imports and requires every entry", async () => {
    const names = JSON.stringify(entryPoints());
    const script = `
      import { createRequire } from "node:module";
      const require = createRequire(import.meta.url);
      for (const name of ${names}) {
        const module = await import(name);
        if (Object.keys(module).length === 0) throw new Error(name + " exports nothing");
        if (require(name) !== module && !require(name)) throw new Error(name + " cannot be required");
      }
      console.log("all");`;
    await writeFile(join(installed.project, "imports.mjs"), script);
    expect(await node(installed.project, "imports.mjs")).toBe("all\n");
  });

  test("tracks a run on the filesystem and reads it back", async () => {
    const script = `
      import { openLedger } from "runledger";
      import { fsBackend } from "runledger/backends/fs";
      const ledger = await openLedger(fsBackend("./runs"));
      const run = await ledger.startRun({ experiment: "packed", params: { lr: 0.1 } });
      for (let step = 0; step < 100; step++) run.log({ loss: 1 / (step + 1) }, { step });
      const { digest } = await run.logArtifact("model", new Uint8Array(1000));
      await run.finish();
      const again = await openLedger(fsBackend("./runs"));
      const record = await again.getRun(run.id);
      const { values } = await again.history(run.id, "loss");
      console.log(record.status, record.params.lr, values.length, values[99], digest);`;
    await writeFile(join(installed.project, "track.mjs"), script);
    const digest = "sha256:541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53";
    expect(await node(installed.project, "track.mjs")).toBe(`finished 0.1 100 0.01 ${digest}\n`);
  });
});

const script = `
  import { openLedger } from "runledger";
  import { memoryBackend } from "runledger/backends/memory";
  export async function track() {
    const backend = memoryBackend();
    const ledger = await openLedger(backend);
    const run = await ledger.startRun({ experiment: "browser", params: { lr: 0.1 } });
    for (let step = 0; step < 100; step++) run.log({ loss: 1 / (step + 1) }, { step });
    const { digest } = await run.logArtifact("model", new Uint8Array(1000));
    await run.finish();
    const record = await (await openLedger(backend)).getRun(run.id);
    return [record.status, record.metrics.loss.last.value, record.metrics.loss.count, digest].join(" ");
  }`;

describe("a browser", () => {
  test("runs the core where there is no process, no Buffer and no module of Node", async () => {
    const { outputFiles } = await build({
      stdin: { contents: script, resolveDir: installed.project },
      bundle: true,
      platform: "browser",
      format: "iife",
      globalName: "app",
      write: false,
    });
    const code = outputFiles[0]?.text as string;
    // What every browser and edge worker has. Typed arrays are shared, so that what TextEncoder makes is a Uint8Array.
    const web =
      `Uint8Array Float64Array Float32Array Int32Array Uint32Array BigInt64Array BigUint64Array ArrayBuffer DataView
      TextEncoder TextDecoder AbortController AbortSignal Blob URL URLSearchParams Headers Request Response fetch btoa atob
      ReadableStream WritableStream TransformStream CompressionStream DecompressionStream MessageChannel EventTarget Event
      DOMException crypto performance setTimeout clearTimeout queueMicrotask structuredClone`.split(/\s+/);
    const context = createContext(
      Object.fromEntries(web.map((name) => [name, (globalThis as Record<string, unknown>)[name]])),
    );
    const track = runInContext(`${code}; app.track`, context) as () => Promise<string>;
    expect(runInContext("typeof process + typeof Buffer + typeof require", context)).toBe("undefined".repeat(3));
    expect(await track()).toBe(
      "finished 0.01 100 sha256:541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53",
    );
  });

  test("no module of Node is reachable from what runs anywhere", async () => {
    const anywhere = entryPoints().filter((name) => !/^runledger\/(node|duckdb|backends\/fs)$/.test(name));
    const { metafile } = await bundle(anywhere.map(entryFile));
    const foreign = Object.values(metafile.inputs).flatMap(({ imports }) => imports.filter(({ external }) => external));
    expect(foreign).toEqual([]);
  });

  // The goal for all of it, 86 kB, is not met: see docs/decisions/0001.
  test("import of runledger loads at most 25 kB at once, and on demand no more than it does now", async () => {
    const { metafile, outputFiles } = await bundle([entryFile("runledger")], true);
    const weight = new Map(
      outputFiles.map(({ path, contents }) => [path.split("/").at(-1), brotliCompressSync(contents).byteLength]),
    );
    const atOnce = reachable(metafile);
    const sum = (files: string[]): number => files.reduce((total, file) => total + (weight.get(file) ?? 0), 0);
    expect(sum([...atOnce])).toBeGreaterThan(1000);
    expect(sum([...atOnce])).toBeLessThanOrEqual(25_000);
    // All of it, as one file: how much more the parts weigh one by one is up to the bundler.
    const whole = await bundle([entryFile("runledger")], true, false);
    const total = whole.outputFiles.reduce((size, { contents }) => size + brotliCompressSync(contents).byteLength, 0);
    expect(total).toBeLessThanOrEqual(110_500);
  });
});

describe("declarations", () => {
  test("mention no validator, no type of Node and no internal alias", () => {
    for (const path of paths().filter((name) => name.endsWith(".d.ts"))) {
      const code = text(path).replaceAll(/\/\*[\s\S]*?\*\//g, "");
      expect(code, path).not.toMatch(/\bzod\b|\bBuffer\b|NodeJS\.|from "#|types="node"/);
      if (!/backends\/fs|dist\/node/.test(path)) expect(code, path).not.toMatch(/"node:/);
    }
  });

  test.each(["NodeNext", "Bundler"] as const)(
    "compile for a consumer without types of Node (%s)",
    async (resolution) => {
      const file = join(installed.project, `consumer-${resolution}`, "consumer.ts");
      const imports = entryPoints()
        .filter((name) => !ADAPTERS.has(name))
        .map((name, index) => `import * as entry${index} from "${name}"; void entry${index};`);
      const use = `
      import { openLedger } from "runledger";
      import { memoryBackend } from "runledger/backends/memory";
      const ledger = await openLedger(memoryBackend());
      const run = await ledger.startRun({ params: { lr: 0.1 } });
      run.log({ loss: 1 });
      await run.finish();
      const status: string = (await ledger.getRun(run.id)).status;
      // @ts-expect-error -- so the types are real, and not any
      const wrong: number = status;
      void wrong;`;
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, [...imports, use, "export {};"].join("\n"));
      const program = ts.createProgram([file], {
        target: ts.ScriptTarget.ES2022,
        module: resolution === "NodeNext" ? ts.ModuleKind.NodeNext : ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind[resolution],
        lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.asynciterable.d.ts", "lib.esnext.disposable.d.ts"],
        strict: true,
        types: [],
        skipLibCheck: false,
        noEmit: true,
      });
      const faults = ts.getPreEmitDiagnostics(program).map(({ messageText, file: at }) => {
        return `${at?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
      });
      expect(faults).toEqual([]);
    },
  );
});

function entryFile(name: string): string {
  return join(installed.home, `${entryIn(name)}.js`);
}

/** Where an entry is in the package, without what its name ends with. */
function entryIn(name: string): string {
  const path = name.slice("runledger".length);
  return ADAPTERS.has(name) ? `dist/adapters${path}/index` : `dist${path}/index`;
}

async function bundle(
  entries: string[],
  minify = false,
  splitting = true,
): Promise<{ metafile: Metafile; outputFiles: { path: string; contents: Uint8Array }[] }> {
  return await build({
    entryPoints: entries,
    bundle: true,
    splitting,
    platform: "browser",
    format: "esm",
    target: "es2022",
    outdir: join(installed.project, "out"),
    external: ["node:*"],
    metafile: true,
    minify,
    write: false,
  });
}

/** Names of the output files that the entry loads without an `import()`. */
function reachable(metafile: Metafile): Set<string> {
  const entry = Object.keys(metafile.outputs).find((path) =>
    metafile.outputs[path]?.entryPoint?.endsWith("runledger/dist/index.js"),
  ) as string;
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { path: next, kind } of metafile.outputs[path]?.imports ?? []) {
      if (kind !== "dynamic-import") visit(next);
    }
  };
  visit(entry);
  return new Set([...seen].map((path) => path.split("/").at(-1) as string));
}
