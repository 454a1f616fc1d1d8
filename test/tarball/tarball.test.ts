import { readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createContext, runInContext } from "node:vm";
import { type Metafile, build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeCommonJs } from "../../build/commonjs.ts";
import { COMMONJS_ENTRIES } from "../../build/commonjs-entries.ts";
import { warningsOfEsbuild, warningsOfRollup } from "./bundle.ts";
import { isFull } from "../rounds.ts";
import { type Setup, faultsOf, writeConsumer } from "./consumer-types.ts";
import { CASES, output, writeSuites } from "./suites.ts";
import { type Installed, installPackage, node } from "./install.ts";

const root = join(import.meta.dirname, "../..");
let installed: Installed;
beforeAll(async () => {
  installed = await installPackage({ declarations: isFull });
}, 180_000);
afterAll(() => installed?.remove());

const paths = (): string[] => installed.files.map(({ path }) => path);
const text = (path: string): string => readFileSync(join(installed.home, path), "utf8");

/** Entries that need another package, which their users install. */
const ADAPTERS: ReadonlySet<string> = new Set(["runledger/duckdb", "runledger/tfjs"]);

/** Every name a user can import, from `exports`, its wildcard spelled out. */
function entryPoints(): string[] {
  const { exports } = JSON.parse(text("package.json")) as { exports: Record<string, unknown> };
  const backends = paths().flatMap((path) => /^dist\/backends\/([^/]+)\/index\.js$/.exec(path)?.[1] ?? []);
  const names = Object.keys(exports).filter((name) => name !== "./package.json");
  const all = names.flatMap((name) => (name.includes("*") ? backends.map((each) => name.replace("*", each)) : [name]));
  return [...new Set(all)].map((name) => `runledger${name.slice(1)}`);
}

describe("contents", () => {
  test("every entry has its files, and dist holds no other entry", () => {
    const kinds = isFull ? [".js", ".d.ts"] : [".js"];
    const wanted = entryPoints().map((name) => entryIn(name));
    const found = paths().filter((path) => /^dist\/.*index\.(js|d\.ts)$/.test(path) && !path.startsWith("dist/cjs/"));
    for (const entry of wanted) expect(found).toEqual(expect.arrayContaining(kinds.map((kind) => entry + kind)));
    expect(found.filter((path) => path.endsWith(".js")).length).toBe(wanted.length);
  });

  test("both forms of #gunzip are there", () => {
    expect(paths()).toEqual(expect.arrayContaining(["dist/bytes/gunzip/node.js", "dist/bytes/gunzip/portable.js"]));
  });

  test("documents that the package refers to are in it; tests, harnesses and settings are not", () => {
    expect(paths()).toEqual(expect.arrayContaining(["README.md", "LICENSE", "docs/errors.md", "package.json"]));
    const strange = paths().filter(
      (path) => !/^(dist|docs)\/|^src\/backends\/[^/]+\/README\.md$|^[A-Z]+(\.md)?$|^package\.json$/.test(path),
    );
    expect(strange).toEqual([]);
    expect(paths().filter((path) => /^docs\/.*(?<!\.md)$/.test(path))).toEqual([]);
    expect(paths().filter((path) => /backends\/[^/]+\/harness\.|\.test\./.test(path))).toEqual([]);
  });

  test("a dependency is imported, or contained and noticed with its licence", async () => {
    const code = paths().filter((path) => /^dist\/(?!cjs\/).*\.js$/.test(path));
    const imported = new Set(
      code.flatMap((path) => [...text(path).matchAll(/(?:from |import\()"([^".#][^"]*)"/g)].map(([, name]) => name!)),
    );
    const { dependencies } = JSON.parse(text("package.json")) as { dependencies: Record<string, string> };
    const contained = Object.keys(dependencies).filter(
      (name) => ![...imported].some((each) => each === name || each.startsWith(`${name}/`)),
    );
    const inCommonJs = await writeCommonJs(join(root, "src"), join(installed.project, "again"));
    expect(inCommonJs).toEqual(expect.arrayContaining(contained));
    const notices = text("NOTICES.md");
    expect([...notices.matchAll(/^## (.+)$/gm)].map(([, name]) => name)).toEqual(inCommonJs);
    for (const name of inCommonJs) {
      const licence = readFileSync(join(root, "node_modules", name, "LICENSE"), "utf8");
      expect(notices).toContain(licence.slice(licence.indexOf("Copyright")).trim());
    }
  });

  test("there are no maps, no sources and nothing of this repository's tools", () => {
    expect(paths().filter((path) => /\.map$|^src\/.*\.[cm]?[jt]s$/.test(path))).toEqual([]);
    for (const path of paths().filter((name) => /\.(js|d\.ts)$/.test(name))) {
      expect(text(path), path).not.toContain("sourceMappingURL");
    }
    const manifest = text("package.json");
    expect(manifest).not.toContain("runledger-source");
    expect(Object.keys(JSON.parse(manifest) as object)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(scripts|devDependencies)$/)]),
    );
  });

  test("links of what is read lead to files of the package, or are absolute", () => {
    const documents = paths().filter((path) => path.endsWith(".md"));
    const lost = documents.flatMap((path) =>
      [...text(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map(([, to]) => posix.join(dirname(path), to as string))
        .filter((to) => !paths().includes(to))
        .map((to) => `${path}: ${to}`),
    );
    expect(lost).toEqual([]);
  });
});

describe.skipIf(!isFull)("bundlers", () => {
  test("esbuild and Rollup say nothing of any entry", async () => {
    const entries = entryPoints().map(entryFile);
    const anywhere = entryPoints().filter((name) => !/^runledger\/(node|duckdb|backends\/fs)$/.test(name));
    expect(await warningsOfEsbuild(entries, "node")).toEqual([]);
    expect(await warningsOfEsbuild(anywhere.map(entryFile), "browser")).toEqual([]);
    expect(await warningsOfRollup(entries)).toEqual([]);
  });
});

describe("CommonJS", () => {
  // As Jest loads it, which knows neither `module-sync` nor a way to require ES modules.
  const names = (): string[] => entryPoints().filter(hasCommonJs);

  test("each entry exports the same names as its ES module", async () => {
    const script = `
      const path = require("node:path");
      (async () => {
        for (const [name, file] of ${JSON.stringify(names().map((name) => [name, commonJsFile(name)]))}) {
          const [esm, cjs] = [await import(name), require(file)];
          if (require(name) !== esm && require(name).default === undefined && Object.keys(esm).some((key) => require(name)[key] !== esm[key]))
            throw new Error(name + " is there twice in Node");
          console.log(name, Object.keys(cjs).sort().join() === Object.keys(esm).sort().join(), cjs.__esModule);
        }
      })();`;
    await writeFile(join(installed.project, "names.cjs"), script);
    expect(await node(installed.project, "names.cjs")).toBe(
      names()
        .map((name) => `${name} true true\n`)
        .join(""),
    );
  });

  test("tracks a run, in a realm without modules", async () => {
    const file = join(installed.project, "realm.cjs");
    const script = `
      const { readFileSync } = require("node:fs");
      const path = require("node:path");
      const vm = require("node:vm");
      const context = vm.createContext({ process, setTimeout, clearTimeout, performance, AbortController, crypto, console });
      const loaded = new Map();
      const load = (file) => {
        if (!loaded.has(file)) {
          const module = { exports: {} };
          loaded.set(file, module);
          const code = vm.runInContext("(function (exports, require, module) {" + readFileSync(file, "utf8") + "\\n})", context, { filename: file });
          code(module.exports, (name) => {
            if (!name.startsWith(".")) throw new Error("requires " + name);
            return load(path.resolve(path.dirname(file), name));
          }, module);
        }
        return loaded.get(file).exports;
      };
      const { LedgerError } = load(${JSON.stringify(commonJsFile("runledger"))});
      const { createTestLedger } = load(${JSON.stringify(commonJsFile("runledger/testing"))});
      const { where } = load(${JSON.stringify(commonJsFile("runledger/where"))});
      (async () => {
        const { ledger } = await createTestLedger();
        const run = await ledger.startRun({ params: { lr: 0.1 } });
        for (let step = 0; step < 100; step++) run.log({ loss: 1 / (step + 1) }, { step });
        await run.logImage("pixels", { data: new Uint8Array(12), width: 2, height: 2, channels: 3 });
        await run.logArtifact("model", new Uint8Array(100_000));
        await run.finish();
        const { runs } = await ledger.searchRuns({ filter: where.metric("loss").lt(0.1) });
        const { values } = await ledger.history(run.id, "loss");
        const error = await ledger.getRun("none").catch((error) => error);
        console.log(runs.length, runs[0].status, values.length, values[99], error instanceof LedgerError, error.code);
      })();`;
    await writeFile(file, script);
    expect(await node(installed.project, file)).toBe("1 finished 100 0.01 true RUN_NOT_FOUND\n");
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
        // The same copy, so that a class is the same class.
        const required = require(name);
        for (const key of Object.keys(module)) if (required[key] !== module[key]) throw new Error(name + " is there twice");
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

describe("the first call of a process", () => {
  const script = (name: string): string => join(root, "bench", name);
  let store: readonly string[];
  beforeAll(async () => {
    const place = [pathToFileURL(join(installed.home, "dist/")).href, join(installed.project, "calls")];
    const id = JSON.parse(await node(installed.project, script("first-call-setup.mjs"), ...place, "5000")) as string;
    store = [...place, id];
  });

  // The bytes are 10 % more than they were when the budget was set.
  const further = [
    { call: "image", files: 10, kB: 610 },
    { call: "table", files: 9, kB: 580 },
    { call: "media", files: 10, kB: 395 },
    { call: "summarise", files: 11, kB: 500 },
    { call: "compareRuns", files: 11, kB: 490 },
    { call: "watchRun", files: 10, kB: 465 },
    { call: "recover", files: 12, kB: 725 },
    { call: "resumeRun", files: 12, kB: 715 },
    { call: "rebuildCatalog", files: 12, kB: 645 },
    { call: "console", files: 12, kB: 480 },
  ];
  test.each([
    { call: "getRun", files: 8, kB: 365 },
    { call: "history", files: 9, kB: 440 },
    { call: "search", files: 6, kB: 320 },
    { call: "searchLoose", files: 9, kB: 500 },
    { call: "run", files: 6, kB: 500 },
    { call: "artifact", files: 8, kB: 629 },
    ...(isFull ? further : []),
  ])("budget: $call loads at most $files files and $kB kB", async ({ call, files, kB }) => {
    const loaded = JSON.parse(
      await node(installed.project, script("first-call.mjs"), ...store, call, "files"),
    ) as string[];
    expect(loaded.filter((url) => /\/dist\/(index|core)\.js$/.test(url)).length).toBe(2);
    expect(loaded.length).toBeLessThanOrEqual(files);
    const bytes = loaded.reduce((sum, url) => sum + statSync(fileURLToPath(url)).size, 0);
    expect(bytes).toBeLessThanOrEqual(kB * 1000);
  });
});

describe.skipIf(!isFull)("test runners that need no installation", () => {
  test("node:test and Vitest run the tests of a pipeline", async () => {
    const project = await writeSuites(installed, { vitest: join(root, "node_modules/vitest") });
    const passed = await output(project, [process.execPath, "--test", "pipeline.node.test.mjs"]);
    expect(passed).toMatch(new RegExp(`^[#ℹ] pass ${CASES}$`, "m"));
    const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", "pipeline.vitest.test.mjs"];
    expect(await output(project, [process.execPath, ...vitest])).toMatch(new RegExp(`Tests +${CASES} passed`));
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
    expect(foreign.map(({ path }) => path)).toEqual(["isomorphic-git"]);
  });
});

describe.skipIf(!isFull)("declarations", () => {
  test("every declaration is needed by an entry, and every file of exports and imports is there", () => {
    const { exports, imports } = JSON.parse(text("package.json")) as Record<"exports" | "imports", object>;
    const targets = [...`${JSON.stringify(exports)}${JSON.stringify(imports)}`.matchAll(/:"\.\/([^"*]+)"/g)];
    expect(targets.length).toBeGreaterThan(20);
    for (const [, path] of targets) expect(paths()).toContain(path);
    const declared = paths().filter((path) => path.endsWith(".d.ts"));
    const mentioned = declared.flatMap((path) =>
      [...text(path).matchAll(/(?:from |import |import\()"(\.[^"]+)\.[jt]s"/g)].map(([, to]) =>
        posix.join(dirname(path), `${to}.d.ts`),
      ),
    );
    const orphans = declared.filter((path) => !path.endsWith("/index.d.ts") && !mentioned.includes(path));
    expect(orphans).toEqual([]);
    expect(mentioned.filter((path) => !paths().includes(path))).toEqual([]);
  });

  test("budget: at most 1,200 kB packed", () => {
    expect(installed.packedSize).toBeLessThan(1_200_000);
  });

  test("mention no validator, no type of Node and no internal alias", () => {
    for (const path of paths().filter((name) => name.endsWith(".d.ts"))) {
      const code = text(path).replaceAll(/\/\*[\s\S]*?\*\//g, "");
      expect(code, path).not.toMatch(/\bzod\b|\bBuffer\b|NodeJS\.|from "#|types="node"/);
      if (!/backends\/fs|dist\/node/.test(path)) expect(code, path).not.toMatch(/"node:/);
    }
  });

  test("declare nothing of the inside of a ledger", () => {
    const declared = paths().filter((name) => name.endsWith(".d.ts"));
    expect(declared).toEqual(expect.arrayContaining(["dist/ledger/ledger.d.ts", "dist/run/run.d.ts"]));
    for (const path of declared) expect(text(path), path).not.toMatch(/RunContext|JournalWriter|ArtifactStore\b/);
  });

  // Others, and other versions of TypeScript: test/platforms/typescript.test.ts.
  const setups: Setup[] = [
    { module: "NodeNext", extension: "ts", node: false },
    { module: "Node16", extension: "cts", node: false },
    { module: "Bundler", extension: "ts", node: true },
    { module: "NodeNext", extension: "cts", node: true },
  ];
  test.each(setups)("compile for a strict user ($module, .$extension, types of Node: $node)", async (setup) => {
    // A file of CommonJS can import ES modules only with `NodeNext`.
    const all = setup.module !== "Node16" || setup.extension === "ts";
    // What DuckDB's own declarations need is there with the types of Node.
    const names = entryPoints().filter((name) => (setup.node || !ADAPTERS.has(name)) && (all || hasCommonJs(name)));
    const { config } = await writeConsumer(installed.project, names, setup);
    expect(faultsOf(config)).toEqual([]);
  });
});

function commonJsFile(name: string): string {
  return join(installed.home, entryIn(name).replace("dist/", "dist/cjs/").concat(".js"));
}

function hasCommonJs(name: string): boolean {
  return COMMONJS_ENTRIES.includes(entryIn(name).slice("dist/".length));
}

function entryFile(name: string): string {
  return join(installed.home, `${entryIn(name)}.js`);
}

/** Where an entry is in the package, without what its name ends with. */
function entryIn(name: string): string {
  const path = name.slice("runledger".length);
  return ADAPTERS.has(name) ? `dist/adapters${path}/index` : `dist${path}/index`;
}

async function bundle(entryPoints: string[]): Promise<{ metafile: Metafile }> {
  return await build({
    entryPoints,
    bundle: true,
    splitting: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    outdir: join(installed.project, "out"),
    external: ["node:*", "isomorphic-git"],
    metafile: true,
    write: false,
  });
}
