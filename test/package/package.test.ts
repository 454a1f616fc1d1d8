import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMONJS_ENTRIES } from "../../build/commonjs-entries.ts";
import { ERROR_CODES } from "../../src/errors/ledger-error.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
type Target = string | { readonly types: string; readonly default: string };
const manifest = JSON.parse(read("package.json")) as {
  dependencies: Record<string, string>;
  exports: Record<string, string | Record<string, Target>>;
  scripts: Record<string, string>;
  main: string;
  types: string;
  typesVersions: { readonly "*": Record<string, readonly string[]> };
};
const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts"));
const backends = readdirSync(join(root, "src/backends"));

describe("files", () => {
  test.each(sources)("src/%s is short, and named after what is in it", (path) => {
    expect(read(`src/${path}`).trimEnd().split("\n").length).toBeLessThanOrEqual(400);
    expect(basename(path)).toMatch(/^[a-z0-9-]+\.ts$/);
    expect(path).not.toMatch(/(^|\/)(utils?|helpers?|common|shared|misc|types|lib|tools)(\.ts$|\/)/);
  });

  test("most files are below 200 lines", () => {
    const long = sources.filter((path) => read(`src/${path}`).split("\n").length > 200);
    expect(long.length).toBeLessThan(sources.length / 3);
  });

  test.each(backends)("backends/%s has an entry, a harness and a README", (name) => {
    for (const file of ["index.ts", "harness.ts", "README.md"]) {
      expect(existsSync(join(root, "src/backends", name, file)), file).toBe(true);
    }
  });
});

describe("exports", () => {
  const entries = Object.entries(manifest.exports)
    .filter(([name]) => name !== "./package.json")
    .map(([name, target]) => [name, target as Record<string, Target>] as const);

  // Node takes `module-sync` for `import` and `require`, so that a program has one copy; Jest knows `require` alone.
  test.each(entries)("%s: the source, then the build, the CommonJS form last", (_, target) => {
    const source = target["runledger-source"] as string;
    const built = (folder: string): Target => ({
      types: source.replace("./src/", folder).replace(/\.ts$/, ".d.ts"),
      default: source.replace("./src/", folder).replace(/\.ts$/, ".js"),
    });
    const esm = built("./dist/") as { types: string; default: string };
    if (COMMONJS_ENTRIES.some((entry) => source === `./src/${entry}.ts`)) {
      expect(Object.entries(target)).toEqual([
        ["runledger-source", source],
        ["module-sync", esm],
        ["import", esm],
        ["require", built("./dist/cjs/")],
        ["default", esm.default],
      ]);
    } else {
      expect(Object.entries(target)).toEqual([
        ["types", esm.types],
        ["runledger-source", source],
        ["default", esm.default],
      ]);
    }
  });

  test("the CommonJS entries are exported each by name", () => {
    const named = entries.filter(([, target]) => "require" in target).map(([, target]) => target["runledger-source"]);
    expect(named.toSorted()).toEqual(COMMONJS_ENTRIES.map((entry) => `./src/${entry}.ts`).toSorted());
  });

  // With `moduleResolution: "node10"`, which ts-jest takes by default for CommonJS, TypeScript ignores `exports`.
  test("older resolution finds the same entries, CommonJS where there is one", () => {
    const typesOf = (target: Record<string, Target>): unknown =>
      typeof target["require"] === "object" ? target["require"].types : target["types"];
    const [root, ...others] = entries;
    expect([manifest.types, manifest.main.replace(/\.js$/, ".d.ts")]).toEqual(Array(2).fill(typesOf(root![1])));
    const older = others.map(([name, target]) => [name.slice(2), [typesOf(target)]]);
    expect(Object.entries(manifest.typesVersions["*"])).toEqual(older);
  });

  const files = entries.flatMap(([, target]) => {
    const source = (target["runledger-source"] as string).slice(2);
    return source.includes("*") ? backends.map((name) => source.replace("*", name)) : [source];
  });
  test.each(files)("%s only re-exports", (file) => {
    const code = read(file).replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    const statements = code.split(";").map((statement) => statement.trim());
    const others = statements.filter(
      (text) => text !== "" && !/^export (type )?(\*|\{[^}]*\}) from "[^"]+"$/.test(text),
    );
    expect(others).toEqual([]);
  });
});

test("the run-time dependencies are those of docs/dependencies.md, at exact versions", () => {
  const listed = [...read("docs/dependencies.md").matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]);
  expect(Object.keys(manifest.dependencies)).toEqual(listed);
  for (const version of Object.values(manifest.dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(Object.keys(manifest)).not.toContain("optionalDependencies");
});

// `npm install` leaves out packages for other platforms that its registry happens to lack, and then `npm ci` refuses the lock file.
test("the lock file names the optional packages of every platform", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`${path}/node_modules/${name}` in packages) && !(`node_modules/${name}` in packages),
    ),
  );
  expect(missing).toEqual([]);
});

test("docs/errors.md has one section for each error code, and no other", () => {
  const sections = [...read("docs/errors.md").matchAll(/^### ([A-Z_]+)$/gm)].map((match) => match[1]);
  expect(sections.toSorted()).toEqual([...ERROR_CODES].toSorted());
  for (const text of read("docs/errors.md").split(/^### /m).slice(1)) {
    for (const part of ["**Happened:**", "**Intact:**", "**Do:**"]) expect(text).toContain(part);
  }
});

test("no file names a place on the machine it was written on", () => {
  const texts = ["README.md", "CONTRIBUTING.md", ".ci/run", "package.json", ...sources.map((path) => `src/${path}`)];
  for (const path of texts.filter((name) => existsSync(join(root, name)))) {
    expect(read(path), path).not.toContain(root);
    expect(read(path), path).not.toMatch(/\/(root|home|Users)\//);
  }
});
