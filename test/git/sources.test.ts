import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs, { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import { captureSources, type CaptureSourcesOptions, type CodeSnapshot } from "runledger/git";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MemoryFiles } from "./memory-files.ts";

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "runledger-sources-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }));

const PROJECT = {
  "package.json": '{ "name": "mine" }\n',
  "train.ts": "console.log(1);\n",
  "src/model.ts": "export const layers = 3;\n",
  "src/räume/ä.ts": "export {};\n".repeat(10),
};

function write(files: { readonly [path: string]: string | Uint8Array }): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}

const captured = (options: CaptureSourcesOptions = {}): Promise<CodeSnapshot> =>
  captureSources({ directory, ...options });

function filesOf({ archive }: CodeSnapshot): Record<string, string> {
  const files = archive ? unzipSync(archive) : {};
  return Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]));
}

async function namesIn(options?: CaptureSourcesOptions): Promise<string[]> {
  return Object.keys(filesOf(await captured(options)));
}

describe("the archive", () => {
  test("has the sources, and the snapshot says nothing of git", async () => {
    write({ ...PROJECT, "package-lock.json": "{}" });
    const snapshot = await captured();
    expect(filesOf(snapshot)).toEqual({ ...PROJECT, "package-lock.json": "{}" });
    const { archive: _, ...rest } = snapshot;
    expect(rest).toEqual({
      engine: "archive",
      remotes: [],
      dirty: "unknown",
      changes: [],
      untracked: [],
      submodules: [],
      lockfile: { path: "package-lock.json", digest: `sha256:${createHash("sha256").update("{}").digest("hex")}` },
      incomplete: [],
    });
  });

  test("lacks a lockfile that is ignored, whose digest is recorded all the same", async () => {
    write({ ...PROJECT, "package-lock.json": "{}", ".gitignore": "package-lock.json\n" });
    const snapshot = await captured();
    expect(filesOf(snapshot)).not.toHaveProperty("package-lock.json");
    expect(snapshot.lockfile?.path).toBe("package-lock.json");
  });

  test("has the same bytes for the same files, whatever their times, permissions and file system", async () => {
    write(PROJECT);
    const first = (await captured()).archive ?? new Uint8Array();
    rmSync(directory, { recursive: true });
    write(Object.fromEntries(Object.entries(PROJECT).reverse()));
    utimesSync(join(directory, "train.ts"), 1e9, 1e9);
    chmodSync(join(directory, "train.ts"), 0o755);
    expect((await captured()).archive).toEqual(first);
    const inMemory = Object.fromEntries(Object.entries(PROJECT).map(([path, content]) => [`/code/${path}`, content]));
    expect((await captureSources({ directory: "/code", fs: MemoryFiles.of(inMemory) })).archive).toEqual(first);
    expect((await captureSources({ directory: "/code/", fs: MemoryFiles.of(inMemory) })).archive).toEqual(first);
    // It is the same on every platform.
    const digest = createHash("sha256").update(first).digest("hex");
    expect(digest).toBe("bac951c3a2c9d82b48d7d8151e8fcdd18a6283fbeae615782bfa8fa803bd967a");
  });

  test("other programs read it", async () => {
    const random = Uint8Array.from({ length: 300_000 }, (_, i) => 1 + (((i * 2654435761) >>> 13) % 255));
    const long = "const x = 1;\n".repeat(30_000);
    write({ ...PROJECT, "long.ts": long, "empty.ts": "", "odd.txt": random });
    const snapshot = await captured();
    expect(Object.keys(filesOf(snapshot)).sort()).toEqual(
      [...Object.keys(PROJECT), "empty.ts", "long.ts", "odd.txt"].sort(),
    );
    expect(filesOf(snapshot)["long.ts"]).toBe(long);
    const path = join(directory, "x.zip");
    writeFileSync(path, snapshot.archive ?? "");
    const script = `import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), len(z.namelist()))`;
    expect(execFileSync("python3", ["-c", script, path]).toString()).toBe("None 7\n");
  });

  test("of a directory without sources is missing", async () => {
    expect(await captured()).toMatchObject({ incomplete: ["archive: there are no sources"] });
    expect((await captured()).archive).toBeUndefined();
  });
});

describe("rules", () => {
  const TREE = [
    ..."a.ts|b.ts|x.tmp|keep.tmp|gen/a.ts|gen/keep/b.ts|deep/gen/c.ts|deep/only/d.ts|deep/er/x.tmp|deep/er/y.txt".split(
      "|",
    ),
    ..."doc/a.txt|doc/sub/b.txt|doc/sub/c.md|lib|lib2/lib/z.ts|foo/x/bar/y.ts|foo/bar/z.ts|[odd]/a.ts|sp ace/b.ts".split(
      "|",
    ),
  ];
  const RULES = [
    { ".gitignore": "*.tmp\n!keep.tmp\n/gen\ndoc/**/b.txt\nlib/\nfoo/**/bar\n" },
    { ".gitignore": "*\n!*/\n!*.ts\n", "deep/.gitignore": "only/\n" },
    { ".gitignore": "gen/\n!deep/gen/\n\\[odd\\]/\nsp\\ ace/\n", "deep/er/.gitignore": "*\n!y.txt\n!.gitignore\n" },
    { ".gitignore": "/doc/*\n!/doc/sub\n", "doc/sub/.gitignore": "b.*\n", "doc/.gitignore": "!a.txt\n" },
    { ".gitignore": "deep\n", "deep/.gitignore": "!only\n" },
  ];

  test.each(RULES)("%j are those of git", async (rules) => {
    write({ ...Object.fromEntries(TREE.map((path) => [path, path])), ...rules });
    expect(await namesIn()).toEqual(listedByGit(""));
  });

  test("of the repository around a directory apply, also its own excludes", async () => {
    write({
      ".gitignore": "*.tmp\n/app/gen/\n",
      "app/.gitignore": "b.ts\n",
      "app/a.ts": "",
      "app/b.ts": "",
      "app/x.tmp": "",
    });
    write({ "app/gen/a.ts": "", "app/notes.md": "", "app/sub/b.ts": "", "app/dist/a.js": "" });
    execFileSync("git", ["init", "--quiet", directory]);
    writeFileSync(join(directory, ".git/info/exclude"), "notes.md\n");
    const names = await namesIn({ directory: join(directory, "app") });
    expect(names).toEqual([".gitignore", "a.ts", "dist/a.js"]);
    expect(names.map((name) => `app/${name}`)).toEqual(listedByGit("app"));
  });

  function listedByGit(below: string): string[] {
    execFileSync("git", ["init", "--quiet", directory]);
    const args = ["-C", directory, "ls-files", "-z", "--others", "--exclude-standard"];
    const listed = execFileSync("git", [...args, ...(below ? [below] : [])]).toString();
    return listed
      .split("\0")
      .filter((path) => path !== "")
      .sort();
  }

  test("leave out what is no source: installed packages, outputs, data, images", async () => {
    write({ ...PROJECT, "node_modules/a/index.js": "", "wandb/x.txt": "", "dist/a.js": "", "model.safetensors": "" });
    write({ "logo.PNG": "", "logo.png": "", "train.parquet": "", "small.csv": "a,b\n1,2\n", ".DS_Store": "" });
    expect(await namesIn()).toEqual([
      "logo.PNG",
      ...Object.keys(PROJECT).slice(0, 1),
      "small.csv",
      "src/model.ts",
      "src/räume/ä.ts",
      "train.ts",
    ]);
    // With a .gitignore, the author says what outputs are.
    write({ ".gitignore": "" });
    expect(await namesIn()).toContain("dist/a.js");
  });

  test("of .runledgerignore come last, and bring back what others ignore, but no secrets", async () => {
    write({ "a.ts": "", "b.ts": "", "data.npy": "x", "gen/a.ts": "", ".env": "A=1", ".gitignore": "gen/\n" });
    write({ ".runledgerignore": "b.ts\n!gen/\n!*.npy\n!.env\n" });
    expect(await namesIn()).toEqual([".gitignore", ".runledgerignore", "a.ts", "data.npy", "gen/a.ts"]);
  });

  test("leave out the ledger in the directory", async () => {
    write({ ...PROJECT, "store/ledger.json": "{}", "store/experiments/x": "", "store/runs/a/run.json": "{}" });
    const snapshot = await captured();
    expect(filesOf(snapshot)).toEqual(PROJECT);
    expect(snapshot.incomplete).toEqual(["sources: 1 ledger left out (store/)"]);
  });
});

test("a link with the name of an ignored directory is ignored, and any other is not", async () => {
  write({ ...PROJECT, "packages/p.js": "" });
  symlinkSync(join(directory, "packages"), join(directory, "node_modules"));
  writeFileSync(join(directory, ".gitignore"), "packages/\n");
  expect((await captured()).incomplete).toEqual([]);
  symlinkSync(join(directory, "packages"), join(directory, "linked"));
  expect((await captured()).incomplete).toEqual(["archive: 1 link left out (linked)"]);
});

describe("limits", () => {
  test("files that are too large, tables and binary files are named", async () => {
    write({
      ...PROJECT,
      "big.ts": "x".repeat(1_000_001),
      "data.csv": "1,2\n".repeat(26_000),
      "odd.dump": new Uint8Array(9),
    });
    const snapshot = await captured();
    expect(filesOf(snapshot)).toEqual(PROJECT);
    expect(snapshot.incomplete).toEqual([
      "archive: 1 file left out, larger than 1000000 bytes (big.ts)",
      "archive: 1 file left out, tables of more than 100000 bytes (data.csv)",
      "archive: 1 file left out, binary (odd.dump)",
    ]);
  });

  test("small files come first, and the lockfile before all", async () => {
    write({
      "a.ts": "x".repeat(3000),
      "b.ts": "x".repeat(500),
      "c.ts": "x".repeat(1000),
      "yarn.lock": "y".repeat(2000),
    });
    const snapshot = await captured({ maxBytes: 4100, maxFileBytes: 3500 });
    expect(Object.keys(filesOf(snapshot))).toEqual(["b.ts", "c.ts", "yarn.lock"]);
    expect(snapshot.incomplete).toEqual(["archive: 1 file left out, there would be more than 4100 bytes (a.ts)"]);
    const few = await captured({ maxFiles: 2 });
    expect(Object.keys(filesOf(few))).toEqual(["b.ts", "yarn.lock"]);
    expect(few.incomplete).toEqual(["archive: 2 files left out, there would be more than 2 files (c.ts, a.ts)"]);
    expect((await captured({ maxFiles: 0 })).archive).toBeUndefined();
  });

  test("of a tree of 200,000 files only a part is looked at, shallow files first", async () => {
    const thousand = Array.from({ length: 1000 }, (_, i) => `${i}.ts`);
    const files = new MemoryFiles((path) => {
      if (path === "/") return [...Array.from({ length: 200 }, (_, i) => `data-${i}`), "z.ts"];
      if (/^\/data-\d+$/.test(path)) return thousand;
      return path.endsWith(".ts") ? "x" : undefined;
    });
    const snapshot = await captureSources({ directory: "/", fs: files });
    expect(files.calls["readdir"]).toBeLessThan(25);
    expect(files.calls["stat"]).toBeLessThan(26_000);
    expect(Object.keys(filesOf(snapshot))).toHaveLength(2000);
    expect(filesOf(snapshot)).toHaveProperty("z.ts");
    expect(snapshot.incomplete).toEqual([
      "archive: only 20000 entries of the directories were looked at",
      expect.stringMatching(/^archive: \d+ files left out, there would be more than 2000 files \(data-/),
    ]);
  });

  test("a directory of 200,000 files is data", async () => {
    const names = Array.from({ length: 200_000 }, (_, i) => `${i}.ts`);
    const files = new MemoryFiles((path) =>
      path === "/" ? ["a.ts", "images"] : path === "/images" ? names : path.endsWith(".ts") ? "x" : undefined,
    );
    const snapshot = await captureSources({ directory: "/", fs: files });
    expect(filesOf(snapshot)).toEqual({ "a.ts": "x" });
    expect(snapshot.incomplete).toEqual([
      "archive: 1 directory left out, with too many entries or too deep (images/ (200000 entries))",
    ]);
  });

  test("when the time is up, what was read is there", async () => {
    const hanging = new Promise<Uint8Array>(() => {});
    const files = MemoryFiles.of({ "/a.ts": "aa", "/b.ts": () => Promise.resolve(Uint8Array.of(97)), "/c.ts": "ccc" });
    const stuck = MemoryFiles.of({ "/a.ts": "aa", "/b.ts": () => hanging, "/package.json": "{}" });
    expect(Object.keys(filesOf(await captureSources({ directory: "/", fs: files })))).toEqual(["a.ts", "b.ts", "c.ts"]);
    const snapshot = await captureSources({ directory: "/", fs: stuck, timeoutMs: 300 });
    expect(Object.keys(filesOf(snapshot))).toEqual(["package.json"]);
    expect(snapshot.incomplete).toContain("archive: 2 files left out, reading took longer than 300 ms (b.ts, a.ts)");
  });

  test("the time limit holds for hostile rules", async () => {
    const line = `${"*?".repeat(90)}b*\n`;
    const files = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`/${"a".repeat(900)}${i}`, "1"]));
    const fs = MemoryFiles.of({ ...files, "/.gitignore": line.repeat(250_000 / line.length) });
    // To load the modules takes time, too.
    await captureSources({ directory: "/", fs: MemoryFiles.of({ "/a.ts": "1" }) });
    const snapshot = await captureSources({ directory: "/", fs, timeoutMs: 60 });
    expect(snapshot.incomplete).toContain("archive: looking for files took longer than 60 ms");
  });

  test("a directory is left out if its ignore file is too large, unreadable or expensive", async () => {
    const sets = "[a-z]x\n".repeat(20_000);
    write({ ...PROJECT, "large/.gitignore": "x\n".repeat(150_000), "large/b.ts": "", "sets/.gitignore": sets });
    const snapshot = await captured();
    expect(filesOf(snapshot)).toEqual(PROJECT);
    expect(snapshot.incomplete).toEqual([
      "archive: 2 directories left out, with ignore files that cannot be read or are too large (large/, sets/)",
    ]);
    expect(snapshot.archive).toBeDefined();
    const locked = MemoryFiles.of({ "/a.ts": "1", "/.gitignore": () => Promise.reject(new Error("locked")) });
    expect(await captureSources({ directory: "/", fs: locked })).toMatchObject({
      incomplete: [
        "archive: 1 directory left out, with ignore files that cannot be read or are too large (.)",
        "archive: there are no sources",
      ],
    });
    write({ ".runledgerignore": "x\n".repeat(150_000) });
    expect((await captured()).archive).toBeUndefined();
  });

  test("the signal rejects the call with its reason", async () => {
    write(PROJECT);
    await expect(captured({ signal: AbortSignal.abort(new Error("stop")) })).rejects.toThrow("stop");
    const stop = new AbortController();
    const hanging = (): Promise<Uint8Array> => {
      stop.abort(new Error("now"));
      return new Promise<Uint8Array>(() => {});
    };
    const fs = MemoryFiles.of({ "/a.ts": hanging });
    await expect(captureSources({ directory: "/", fs, signal: stop.signal })).rejects.toThrow("now");
  });
});

describe("secrets", () => {
  const token = `ghp_${"aB3xY9kQ".repeat(5).slice(0, 36)}`;

  test("files that hold secrets by their name", async () => {
    write({
      ...PROJECT,
      ".env": "A=b",
      ".env.local": "",
      "key.pem": "",
      id_ed25519: "",
      "prod.env": "A=b",
      "conf/secrets.json": "{}",
      "app-secrets.yaml": "",
      ".aws/config": "",
      "credentials.json": "",
    });
    const snapshot = await captured();
    expect(filesOf(snapshot)).toEqual(PROJECT);
    expect(snapshot.incomplete).toEqual([
      "archive: 9 files withheld, they may hold secrets (.aws/, .env, .env.local, app-secrets.yaml, credentials.json, and 4 more)",
    ]);
  });

  test("files that hold secrets by their content", async () => {
    write({ ...PROJECT, "a.ts": `const t = "${token}";`, ".npmrc": `//registry.npmjs.org/:_authToken=${token}\n` });
    write({ "b.py": 'wandb.login(key="0123456789abcdef0123456789abcdef01234567")', "c.yaml": "password: hunter2\n" });
    write({ "d.ts": 'db({ password: "hunter2!" });', "e.ts": "fetch('https://joe:s3cr3t@example.org/')" });
    write({ "f.ts": `${"// nothing\n".repeat(20_000)}${token}`, "g.ts": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n" });
    const snapshot = await captured();
    expect(filesOf(snapshot)).toEqual(PROJECT);
    expect(snapshot.incomplete).toEqual([
      expect.stringMatching(/^archive: 8 files withheld, they may hold secrets \(/),
    ]);
    expect(Buffer.from(snapshot.archive ?? []).includes(token)).toBe(false);
  });

  test("code that only speaks of secrets is kept", async () => {
    const files = {
      ".npmrc": "registry=https://registry.npmjs.org/\n",
      "src/credentials.ts": "export const password = process.env.PASSWORD;\nthis.token = this.next();\n",
      "src/tokens.ts":
        'const CHECKSUM_KEY = "runledger.crc32";\nconst pageToken = "page-token-2";\nkey === "loss/val";\n',
      "src/url.ts": "const url = `postgres://${user}:${password}@${host}/db`; // https://user:password@host\n",
      "package-lock.json":
        '{ "integrity": "sha512-bLSptAy2P0s6hU4PzuIMKmMJJSE6gLXGH1cntDu7bWJUksvuM7ReOK61mozULErYvP6a15rnYl0zFDefpyPw==" }',
      LICENSE: "Use of the token: as is. The password is yours.\n",
    };
    write(files);
    const snapshot = await captured();
    expect(snapshot.incomplete).toEqual([]);
    expect(filesOf(snapshot)).toEqual(files);
  });
});

describe("odd files", () => {
  test("links are not followed, and pipes are not opened", async () => {
    write({ ...PROJECT, "secret/outside.ts": "" });
    const outside = join(directory, "secret");
    write({ "in/a.ts": "" });
    symlinkSync(outside, join(directory, "in/linked"));
    symlinkSync(join(outside, "outside.ts"), join(directory, "in/b.ts"));
    execFileSync("mkfifo", [join(directory, "in/pipe")]);
    const snapshot = await captured({ directory: join(directory, "in") });
    expect(filesOf(snapshot)).toEqual({ "a.ts": "" });
    expect(snapshot.incomplete).toEqual([
      "archive: 2 links left out (b.ts, linked)",
      "archive: 1 file left out, pipes or devices (pipe)",
    ]);
    // The directory itself may be a link.
    symlinkSync(join(directory, "in"), join(directory, "entrance"));
    expect(await namesIn({ directory: join(directory, "entrance") })).toEqual(["a.ts"]);
  });

  test.each(["a link", "a directory that is a link", "a pipe", "another file"])(
    "%s that takes the place of a file before it is read",
    async (kind) => {
      write({ ...PROJECT, "in/a.ts": "found", "outside/a.ts": "secret" });
      const path = join(directory, "in/a.ts");
      const swap = (): void => {
        rmSync(kind.startsWith("a dir") ? join(directory, "in") : path, { recursive: true });
        if (kind === "a link") symlinkSync(join(directory, "outside/a.ts"), path);
        else if (kind === "a pipe") execFileSync("mkfifo", [path]);
        else if (kind === "another file") write({ "in/a.ts": "later" });
        else symlinkSync(join(directory, "outside"), join(directory, "in"));
      };
      const { stat } = fs.promises;
      const spy = vi.spyOn(fs.promises, "stat").mockImplementation(async (...args) => {
        const stats = await stat(...args);
        if (args[0] === path) swap();
        return stats;
      });
      try {
        write({ ".gitignore": "outside/\n" });
        const snapshot = await captured({ timeoutMs: 2000 });
        expect(spy).toHaveBeenCalledWith(path);
        const isLater = kind === "another file";
        expect(filesOf(snapshot)["in/a.ts"]).toBe(isLater ? "later" : undefined);
        expect(snapshot.incomplete).toEqual(isLater ? [] : ["archive: 1 file left out, unreadable (in/a.ts)"]);
      } finally {
        spy.mockRestore();
      }
    },
  );

  test("names that an archive cannot have everywhere are named", async () => {
    write({ "a.ts": "", "A.ts": "", "con.ts": "", "a:b.ts": "", "x.": "", "tab\t.ts": "", "back\\slash.ts": "" });
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/bad-`), Buffer.from([0xff])]), "x");
    write({ "é.ts": "1", "e\u0301.ts": "2" });
    const snapshot = await captured();
    expect(Object.keys(filesOf(snapshot)).sort()).toEqual(["A.ts", "a.ts", "a:b.ts", "con.ts", "x.", "é.ts"]);
    expect(snapshot.incomplete).toEqual([
      expect.stringMatching(
        /^archive: 4 files left out, with a name that is not UTF-8, too long, there twice, or that another system reads as a path \(/,
      ),
      "names: 4 in the archive are not possible everywhere: a.ts, a:b.ts, con.ts, x.",
    ]);
  });

  test("hostile rules and directories that cannot be read do no harm", async () => {
    write({ "a.ts": "", ".gitignore": `${"*a".repeat(2000)}b\n` });
    expect(await namesIn()).toEqual([".gitignore", "a.ts"]);
    const files = new MemoryFiles((path) => {
      if (path === "/") return ["a.ts", "locked"];
      if (path === "/locked/x") throw new Error("no");
      return path === "/locked" ? ["x"] : path === "/a.ts" ? "1" : undefined;
    });
    const snapshot = await captureSources({ directory: "/", fs: files });
    expect(snapshot.incomplete).toEqual(["archive: 1 file left out, unreadable (locked/x)"]);
  });
});

test.each([
  [{ directory: "" }, "directory"],
  [{ directory: 5 }, "directory"],
  [{ directory: "/there/is/no/such/directory" }, "directory"],
  [{ fs: {} }, "fs"],
  [{ maxBytes: -1 }, "maxBytes"],
  [{ maxBytes: 60_000_001 }, "maxBytes"],
  [{ maxFileBytes: 1.5 }, "maxFileBytes"],
  [{ maxFiles: 20_001 }, "maxFiles"],
  [{ timeoutMs: 0 }, "timeoutMs"],
])("%j is refused", async (options, field) => {
  const expected = { name: "LedgerError", code: "INVALID_ARGUMENT", field };
  await expect(captureSources(options as CaptureSourcesOptions)).rejects.toMatchObject(expected);
});

test("unknown options are refused", async () => {
  const options = { maxSize: 5 } as CaptureSourcesOptions;
  await expect(captureSources(options)).rejects.toMatchObject({ code: "UNSUPPORTED" });
});
