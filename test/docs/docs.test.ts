import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Block, blocksOf, documents, isProgram, label, pathIn } from "./blocks.ts";
import { fits, outputOf, SHOWN } from "./output.ts";
import { startFakeS3 } from "../servers/fake-s3.ts";
import { isFull } from "../rounds.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const { scripts, devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<
  "scripts" | "devDependencies",
  Record<string, string>
>;
/** Modules that are loaded from where they are installed. */
const EXTERNAL = Object.keys(devDependencies);
const names = documents(root);
const blocks = names.flatMap((document) => blocksOf(root, document));
const programs = blocks.filter(isProgram);
/** Those of the README, and a sample of the others. */
const tried = programs.filter(({ document }, i) => isFull || document === "README.md" || i % 4 === 0);

/** Where the blocks are written: inside the repository, so that `import "runledger"` finds it. */
let place: string;
/** An empty current directory. */
let cwd: string;
let bucket: Awaited<ReturnType<typeof startFakeS3>> | undefined;
const pathOf = (block: Block): string => pathIn(place, block);
/** The program that is run. What a newcomer copies has to be plain JavaScript, which needs no tool. */
const runPathOf = (block: Block): string =>
  SHOWN.has(block.document) ? pathOf(block).replace(/\.ts$/, ".mjs") : pathOf(block);
const scriptOf = (block: Block): string =>
  join(place, "scripts", relative(place, runPathOf(block)).replace(/\.\w+$/, ".mjs"));

beforeAll(async () => {
  await mkdir(join(root, ".tmp"), { recursive: true });
  place = await mkdtemp(join(root, ".tmp", "docs-"));
  cwd = await mkdtemp(join(tmpdir(), "runledger-docs-"));
  for (const block of programs) {
    await mkdir(dirname(pathOf(block)), { recursive: true });
    for (const path of new Set([pathOf(block), runPathOf(block)])) await writeFile(path, block.code);
  }
  // All at once with the library's source: a loader would take a second for each.
  await build({
    entryPoints: programs.map(runPathOf),
    outdir: join(place, "scripts"),
    outbase: place,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["runledger-source"],
    external: EXTERNAL,
    logLevel: "error",
  });
  bucket = await startBucket();
});
afterAll(async () => {
  await bucket?.close();
  for (const folder of [place, cwd]) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

test("the documents have programs in them", () => {
  expect(programs.length).toBeGreaterThan(3);
});

test("the README's example is examples/quickstart.ts", () => {
  const quickstart = readFileSync(join(root, "examples/quickstart.ts"), "utf8").trim();
  expect(programs.filter(({ document }) => document === "README.md").map(({ code }) => code)).toContain(quickstart);
});

test("the README is short, and its figures are those of bench/results.md", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const withoutMatrix = readme.replace(/<!-- runtimes -->.*<!-- \/runtimes -->\n\n/s, "");
  expect(withoutMatrix.trimEnd().split("\n").length).toBeLessThanOrEqual(130);
  const results = readFileSync(join(root, "bench/results.md"), "utf8");
  const figure = (row: RegExp): string => row.exec(results)![1]!;
  const ratio = (row: RegExp): number => Number(figure(row));
  const ofJsonLines = 1 / ratio(/^\| W1 against the leanest .* \| ([\d.]+) x \|/m);
  const part = { 5: "a fifth", 6: "a sixth", 7: "a seventh" }[Math.round(ofJsonLines)];
  const ofSqlite = ratio(/^\| 10,000 runs: ours \/ SQLite.* \| ([\d.]+) \|/m);
  const times = { 1: "as long as", 2: "twice as long as", 3: "three times as long as" }[Math.round(ofSqlite)];
  const ofFiles = 1 / ratio(/^\| 10,000 runs: ours \/ one JSON file a run .* \| ([\d.]+) \|/m);
  for (const text of [
    `${figure(/^\| \*\*W1\*\*: log\(\) to flush\(\) \| (\d+) /m)} ns a point, about ${part} of the time`,
    `${figure(/^\| W1: bytes a point at rest .* \| ([\d.]+) \|/m)} bytes a point on the disk, where JSON lines take ${figure(/^\| W1: JSON lines, JSON\.stringify \| (\d+\.\d+) \|/m)}`,
    `${figure(/^\| 10,000 runs, warm .* \| ([\d.]+) ms/m)} ms: about ${times} indexed SQLite`,
    `1/${Number(ofFiles.toPrecision(2))} of one JSON file a run`,
  ])
    expect(readme).toContain(text);
});

test("the bounds of weight in docs/performance.md are those that CI checks", async () => {
  const { default: checks } = (await import(pathToFileURL(join(root, ".size-limit.js")).href)) as {
    default: { name: string; limit: string }[];
  };
  const limit = (name: string): string => checks.find((check) => check.name === name)!.limit;
  const text = readFileSync(join(root, "docs/performance.md"), "utf8");
  const [, measured, most] = /loads at once \| ([\d.]+) kB; at most (\d+ kB)/.exec(text)!;
  expect(most).toBe(limit("runledger, at once"));
  expect(Number(measured)).toBeLessThan(Number.parseFloat(most!));
  expect(text).toContain(`fails beyond ${limit("runledger, with everything on demand")}`);
});

test("every promise names tests that show it", () => {
  const text = readFileSync(join(root, "docs/promises.md"), "utf8");
  const rows = text
    .split("## What is lost")[0]!
    .match(/^\| .*$/gm)!
    .slice(2);
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) expect(row, row).toMatch(/`test\/[\w./-]+`[^|]*\|$/);
});

describe.concurrent("every program in the documents runs", () => {
  test.for(tried.map((block) => [label(block), block] as const))("%s", { timeout: 180_000 }, async ([, block]) => {
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const own = await mkdtemp(join(cwd, "block-"));
    const { stdout } = await run(process.execPath, [scriptOf(block)], {
      cwd: own,
      env: { ...inherited, ...bucket?.env },
    });
    if (!SHOWN.has(block.document) || /from "node:test"/.test(block.code)) return;
    const said = outputOf(block, blocks[blocks.indexOf(block) + 1]);
    expect(fits(stdout, said), `${label(block)} says\n${said.join("\n")}\nand prints\n${stdout}`).toBe(true);
  });
});

/** For the blocks that use a bucket: an S3 server in this process, with every bucket that they name. */
async function startBucket(): Promise<typeof bucket> {
  const named = programs.flatMap(({ code }) =>
    [...code.matchAll(/\bbucket: "([^"]+)"/g)].map((match) => match[1] as string),
  );
  return named.length === 0 ? undefined : await startFakeS3({ buckets: [...new Set(named)] });
}

const commands = blocks
  .filter(({ language }) => /^(sh|bash|shell)$/.test(language))
  .flatMap((block) =>
    block.code.split("\n").map((line) => ({ at: label(block), line: line.replace(/^\$ /, "").trim() })),
  )
  .filter(({ line }) => line !== "" && !line.startsWith("#"));

test.each(commands)("$at: $line", ({ line }) => {
  for (const [, script] of line.matchAll(/\bnpm run ([\w:-]+)/g)) expect(Object.keys(scripts)).toContain(script);
  for (const [, tool] of line.matchAll(/\bnpx (?!--)(\S+)/g)) {
    expect(existsSync(join(root, "node_modules/.bin", tool as string)), tool).toBe(true);
  }
  for (const [path] of line.matchAll(/\b(?:examples|test|src|docs|bench|\.ci)\/[\w./-]+/g)) {
    expect(existsSync(join(root, path)), path).toBe(true);
  }
});

describe("links and blocks", () => {
  test.each(names)("%s", (document) => {
    const text = readFileSync(join(root, document), "utf8").replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "");
    for (const [, target, anchor] of text.matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      const path = target === "" ? document : join(dirname(document), target!);
      expect(existsSync(join(root, path)), `${document} links to ${target}`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(path), `${document} links to ${target}#${anchor}`).toContain(anchor);
    }
    for (const [, picture] of text.matchAll(/\b(?:src|srcset)="([^"]+)"/g))
      expect(existsSync(join(root, dirname(document), picture!)), `${document} shows ${picture}`).toBe(true);
    for (const [, path] of text.matchAll(/`((?:test|src|examples|bench|docs)\/[\w./-]+)`/g)) {
      expect(existsSync(join(root, path as string)), `${document} names ${path}`).toBe(true);
    }
    for (const { language, code, line } of blocksOf(root, document)) {
      expect(language, `language of ${document}:${line}`).not.toBe("");
      if (language === "json") expect(() => JSON.parse(code), `${document}:${line}`).not.toThrow();
    }
  });
});

test("prose is wrapped at 120 columns", () => {
  const long = names
    .filter((document) => !["NOTICES.md", "bench/results.md"].includes(document))
    .flatMap((document) => {
      const text = readFileSync(join(root, document), "utf8");
      const prose = text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, (block) => block.replaceAll(/[^\n]/g, ""));
      return prose
        .split("\n")
        .flatMap((line, i) => (line.length > 120 && !/^ *(\||<picture>)/.test(line) ? [`${document}:${i + 1}`] : []));
    });
  expect(long).toEqual([]);
});

/** Returns the anchors of the headings of a document, as GitHub and npm make them. */
function anchorsOf(document: string): string[] {
  const text = readFileSync(join(root, document), "utf8").replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "");
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
