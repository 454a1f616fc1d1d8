import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatReproduction } from "../../src/compare/reproduction/format-reproduction.ts";
import { planReproduction } from "../../src/compare/reproduction/plan-reproduction.ts";
import type { Dictionary } from "../../src/journal/event.ts";
import type { RecordedCode } from "../../src/journal/recorded-code.ts";
import { createTestLedger } from "../../src/testing/test-ledger.ts";
import { record } from "../compare/records.ts";

const CODE: RecordedCode = {
  engine: "git",
  remotes: [],
  dirty: true,
  changes: [],
  untracked: [],
  submodules: [],
  incomplete: [],
};
const elsewhere =
  "/usr/lib/node_modules/tsx/loader.mjs is a path of the machine of the run: install tsx and use its path";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const commit = "0123456789abcdef0123456789abcdef01234567";
const patch = bytes(
  "diff --git a/new.ts b/new.ts\nnew file mode 100644\n--- /dev/null\n+++ b/new.ts\n@@ -0,0 +1 @@\n+1\n",
);

test("the plan for a run, and as steps", async () => {
  const { ledger } = await createTestLedger();
  const id = await ledger.withRun(
    {
      id: "run1",
      experiment: "digits",
      name: "baseline",
      params: { lr: 0.1, data: { shuffle_seed: 7 } },
      environment: {
        runtime: { name: "node", version: "22.1.0" },
        os: { name: "linux", arch: "x64" },
        packageManager: { name: "pnpm" },
        tfjs: { version: "4.22.0", backend: "wasm" },
        command: ["node", "--import", "file:///usr/lib/node_modules/tsx/loader.mjs", "train.ts", "--name", "it's"],
      },
      code: {
        engine: "git",
        commit,
        branch: "main",
        remotes: [{ name: "origin", url: "https://example.org/r.git" }],
        dirty: true,
        changes: [{ path: "train.ts", status: "modified" }],
        untracked: [
          { path: "new.ts", size: 2 },
          { path: "notes.txt", size: 9 },
        ],
        lockfile: { path: "web/pnpm-lock.yaml", digest: "sha256:1" },
        entry: "web/my app/train.ts",
        directory: "web/my app",
        patch,
      },
    },
    async (run) => {
      await run.logDataset("mnist", { digest: "sha256:5", uri: "https://example.org/mnist" }, { context: "train" });
      await run.logDataset("extra", { digest: "md5:6" });
      return run.id;
    },
  );
  const plan = await ledger.reproduction(id);
  expect(plan).toMatchObject({
    run: { id, name: "baseline", experiment: "digits", status: "finished" },
    code: {
      commit,
      branch: "main",
      dirty: true,
      patch: { size: patch.length, complete: true, read: 'ledger.codePatch("run1", { as: "bytes" })' },
      untracked: [{ path: "notes.txt", size: 9 }],
      lockfile: { path: "web/pnpm-lock.yaml" },
      directory: "web/my app",
    },
    command: ["node", "--import", expect.any(String), "train.ts", "--name", "it's"],
    params: { lr: 0.1 },
    seeds: [{ path: "data.shuffle_seed", value: 7 }],
    datasets: [{ name: "mnist" }, { name: "extra" }],
    missing: [
      "untracked: the contents of 1 files are not stored: notes.txt",
      "data: extra has no uri, and its content is not stored",
      `command: ${elsewhere}`,
    ],
  });
  expect(structuredClone(plan)).toEqual(plan);
  const program = (text: string): unknown => expect.stringContaining(text);
  expect(formatReproduction(plan, { place: "s3://my bucket" }).split("\n")).toEqual([
    "# run run1 of experiment digits: baseline",
    expect.stringMatching(/^# status finished, started '\d{4}-[\d :-]+'$/),
    "",
    "# 1. Get the code",
    '   START="$PWD"',
    `   # where runledger is installed and 's3://my bucket' is the ledger: ${patch.length} bytes, ${plan.code?.patch?.digest}`,
    program(`.codePatch(id, { as: "bytes" }))' -- 's3://my bucket' run1 "$START"/../reproduce-run1.patch`),
    "   # from remote origin",
    "   # on branch main",
    '   git clone --no-checkout -- https://example.org/r.git "$START"/../reproduce-run1 && cd "$START"/../reproduce-run1',
    `   git checkout --detach ${commit}`,
    `   # or instead of these two, in a clone that has the commit: git worktree add --detach "$START"/../reproduce-run1 ${commit} && cd "$START"/../reproduce-run1`,
    '   git apply --whitespace=nowarn "$START"/../reproduce-run1.patch',
    "   # not stored: notes.txt, 9 bytes",
    "",
    "# 2. Install",
    "   # runtime 'node 22.1.0', system 'linux x64'",
    "   # TensorFlow.js 4.22.0, backend wasm",
    "   # lockfile web/pnpm-lock.yaml sha256:1",
    "   (cd ./web && pnpm install --frozen-lockfile)",
    "   # if the lockfile is missing because git ignores it, run 'pnpm install', and versions may differ",
    "",
    "# 3. Get the data",
    "   # data set 'mnist / train' sha256:5 from https://example.org/mnist",
    "   # data set extra md5:6 from where it is: not recorded",
    "",
    "# 4. Run it",
    "   cd './web/my app'",
    `   # '${elsewhere}'`,
    String.raw`   node --import file:///usr/lib/node_modules/tsx/loader.mjs train.ts --name 'it'\''s'`,
    "   # param lr = 0.1",
    "   # param data.shuffle_seed = 7",
    "   # seeds: data.shuffle_seed",
    "",
    "# 5. Check it",
    "   # NEW_RUN is the id of the new run, and NEW_LEDGER the place that the program opened:",
    "   # a relative one is below ../reproduce-run1",
    '   cd "$START"',
    program(
      "console.log(checkReproduction(await read(place, id), await read(newPlace, newId)))' -- 's3://my bucket' run1 NEW_LEDGER NEW_RUN",
    ),
    "",
    "# The record does not hold:",
    "   # 'untracked: the contents of 1 files are not stored: notes.txt'",
    "   # 'data: extra has no uri, and its content is not stored'",
    `   # 'command: ${elsewhere}'`,
  ]);
});

test("packages are installed from the lockfile only if there is one", () => {
  const install = (environment: Dictionary, code: Partial<RecordedCode> = {}): string[] => {
    const given = { ...CODE, commit, ...code };
    const steps = formatReproduction(planReproduction(record("a", { environment, code: given }), new Set()));
    const [, part = ""] = /2\. Install\n([^]*?)\n\n/.exec(steps) ?? [];
    return part
      .split("\n")
      .slice(1)
      .map((line) => line.trim());
  };
  const packageManager = { name: "yarn", version: "1.22.22" };
  const lockfile = { path: "yarn.lock", digest: "sha256:1" };
  expect(install({})).toEqual(["# no lockfile and no package are recorded"]);
  expect(install({ packageManager: { name: "npm" } }, { directory: "a/b" })).toEqual([
    "# no lockfile is recorded: versions may differ",
    "(cd ./a/b && npm install)",
  ]);
  expect(install({ dependencies: { zod: "4.0.1", x: "1.0.0" } })).toEqual([
    "# no lockfile is recorded: versions may differ",
    "# the run had 'zod@4.0.1 x@1.0.0'",
    "npm install",
  ]);
  expect(install({}, { lockfile })).toEqual([
    "# lockfile yarn.lock sha256:1",
    "yarn install --immutable",
    "# if the lockfile is missing because git ignores it, run 'yarn install', and versions may differ",
  ]);
  expect(install({ packageManager }, { lockfile })[1]).toBe("yarn install --frozen-lockfile");
  // Git does not have it.
  expect(install({ packageManager }, { lockfile, untracked: [{ path: "yarn.lock", size: 1 }] })).toEqual([
    "# lockfile yarn.lock is not stored: versions may differ",
    "yarn install",
  ]);
});

test("what is missing is said", async () => {
  const { ledger } = await createTestLedger();
  const id = await ledger.withRun({ environment: false, params: { lr: 1 } }, (run) => run.id);
  expect((await ledger.reproduction(id)).missing).toEqual([
    "code: the run recorded none",
    "data: the run recorded no data set",
    "seed: no param is a seed of random numbers",
    "lockfile: none is recorded, so versions of packages may differ",
    "command: the command line is not recorded",
    "runtime: its version is not recorded",
  ]);
  const code = {
    ...CODE,
    submodules: [{ path: "sub", dirty: true }],
    incomplete: ["patch: 2 hunks withheld, they look like secrets"],
    commit,
  };
  const environment = { redacted: [{ kind: "argument", place: "command[3]" }] };
  expect(planReproduction(record("a", { code, environment }), new Set()).missing).toEqual(
    expect.arrayContaining([
      "patch: 2 hunks withheld, they look like secrets",
      "remotes: none is recorded; you need a repository that has the commit",
      "patch: tracked files differed from the commit, and no patch is stored",
      "submodules: changes in them may not be stored: sub",
      "secrets: replaced in command[3]",
    ]),
  );
});

test("the steps of a hostile record quote it, and run nothing by themselves", () => {
  const evil = "$(touch /tmp/x)`id`';\u001b[31m\n";
  const text = formatReproduction(
    planReproduction(
      record("a", {
        name: evil,
        params: { [evil]: evil },
        environment: { command: ["node", evil, "$(id)", "--x='y'"], runtime: { name: evil }, tfjs: evil },
        code: {
          engine: "git",
          commit: "--upload-pack=evil",
          branch: evil,
          remotes: [{ name: evil, url: "ext::sh -c evil" }],
          dirty: true,
          changes: [],
          untracked: [{ path: evil, size: 1 }],
          directory: `../${evil}`,
          lockfile: { path: `${evil}/../package-lock.json`, digest: evil },
          submodules: [],
          incomplete: [evil],
        },
        datasets: [{ time: 0, name: evil, digest: evil, uri: evil }],
      }),
      new Set(),
    ),
  );
  expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u);
  const commands = text.split("\n").filter((line) => /^(?: {3})?[^#\s]/.test(line));
  expect(commands).toEqual([
    '   START="$PWD"',
    '   cd "$START"',
    expect.stringMatching(/ -- \.\/runs a NEW_LEDGER NEW_RUN$/),
  ]);
  expect(text).not.toContain("git clone");
  expect(text).not.toContain("git worktree add");
});

/** What a shell without comments, such as interactive zsh, could run of a line that is pasted. */
const EVIL = [
  "$(>x)",
  "`>x`",
  ";>x;",
  "&&>x",
  "|| >x",
  ">x",
  "'>x;'",
  "'\\n>x\\n'",
  "\n>x\n",
  '";>x;"',
  "!>x",
  "#\n>x",
  "eval >x",
];

test.skipIf(process.platform === "win32")("no line does anything in a shell without comments", async () => {
  const place = await mkdtemp(join(tmpdir(), "runledger-lines-"));
  try {
    const lines = EVIL.flatMap((evil) => [evil, `a${evil}`, `${evil}${"'".repeat(3000)}`]).flatMap((evil) =>
      [CODE, { ...CODE, commit }, { ...CODE, commit: evil }].flatMap((code) =>
        [["node", evil], [`PATH=${evil}`, "x"], ["PATH=/tmp/evil", evil], [evil]].flatMap((command) =>
          formatReproduction(
            planReproduction(
              record(evil, {
                name: evil,
                experiment: evil,
                params: { [evil]: evil, [`${evil}_seed`]: evil },
                environment: {
                  command,
                  runtime: { name: evil, version: evil },
                  os: { name: evil },
                  tfjs: { version: evil },
                  packageManager: { name: evil },
                  dependencies: { [evil]: evil },
                },
                code: {
                  ...code,
                  branch: evil,
                  remotes: [
                    { name: evil, url: `https://a${evil}` },
                    { name: "origin", url: evil },
                  ],
                  untracked: [{ path: evil, size: 1 }],
                  directory: evil,
                  lockfile: { path: `${evil}/package-lock.json`, digest: evil },
                  submodules: [{ path: evil, dirty: true }],
                  incomplete: [evil],
                },
                datasets: [{ time: 0, name: evil, digest: evil, context: evil, uri: evil }],
              }),
              new Set(),
            ),
            { place: evil },
          ).split("\n"),
        ),
      ),
    );
    // Each line is one script of its own, so that a syntax error hides nothing.
    const uncommented = [...new Set(lines.map((line) => line.replace(/^\s*#+ ?/, "")))];
    const script = uncommented.map((line) => `(eval ${`'${line.replaceAll("'", String.raw`'\''`)}'`})`).join("\n");
    await writeFile(join(place, "lines.sh"), script);
    const { status, error } = spawnSync("/bin/bash", ["--norc", "lines.sh"], {
      cwd: place,
      env: { PATH: "" },
      input: "",
    });
    expect(error).toBeUndefined();
    expect(status).not.toBe(null);
    expect(await readdir(place)).toEqual(["lines.sh"]);
    expect(lines.filter((line) => /^\s*PATH=/.test(line))).toEqual([]);
  } finally {
    await rm(place, { recursive: true, force: true, maxRetries: 10 });
  }
});

test("bounded, and bad input", async () => {
  const params = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`p${i}`, i]));
  const plan = planReproduction(record("a", { params }), new Set());
  expect(formatReproduction(plan)).toContain("… 70 more");
  expect(formatReproduction(plan, { maxItems: 5 })).toContain("… 95 more");
  expect(() => formatReproduction(plan, { maxItems: 0 })).toThrow(/maxItems/);
  for (const place of ["", 3])
    expect(() => formatReproduction(plan, { place } as never)).toThrow(/place must be the place of a ledger/);
  for (const wrong of [undefined, 3, {}, { ...plan, missing: 1 }])
    expect(() => formatReproduction(wrong as never)).toThrow(/plan must be a result of ledger.reproduction/);
  const { ledger } = await createTestLedger();
  await expect(ledger.reproduction("nobody")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  await expect(ledger.reproduction(3 as never)).rejects.toMatchObject({ field: "id" });
  const id = await ledger.withRun({}, (run) => run.id);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(ledger.reproduction(id, { signal })).rejects.toThrow("enough");
});
