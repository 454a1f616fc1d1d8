import { expect, test } from "vitest";
import { formatReproduction } from "../../src/compare/reproduction/format-reproduction.ts";
import { planReproduction } from "../../src/compare/reproduction/plan-reproduction.ts";
import { createTestLedger } from "../../src/testing/test-ledger.ts";
import { record } from "../compare/records.ts";

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
        command: ["node", "train.ts", "--name", "it's"],
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
        lockfile: { path: "pnpm-lock.yaml", digest: "sha256:1" },
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
      lockfile: { path: "pnpm-lock.yaml" },
    },
    command: ["node", "train.ts", "--name", "it's"],
    params: { lr: 0.1 },
    seeds: [{ path: "data.shuffle_seed", value: 7 }],
    datasets: [{ name: "mnist" }, { name: "extra" }],
    missing: [
      "untracked: the contents of 1 files are not stored: notes.txt",
      "data: extra has no uri, and its content is not stored",
    ],
  });
  expect(structuredClone(plan)).toEqual(plan);
  expect(formatReproduction(plan).split("\n")).toEqual([
    "baseline (run1) of experiment digits",
    expect.stringMatching(/^finished, started \d{4}-/),
    "",
    "1. Get the code",
    "   # in a clone of the repository, on branch main",
    "   # origin: git clone -- https://example.org/r.git",
    `   git worktree add --detach ../reproduce-run1 ${commit} && cd ../reproduce-run1`,
    `   # save ledger.codePatch("run1", { as: "bytes" }) as ../changes.patch: ${patch.length} bytes, ${plan.code?.patch?.digest}`,
    "   git apply --whitespace=nowarn ../changes.patch",
    "   # not stored: notes.txt, 9 bytes",
    "",
    "2. Install",
    "   # node 22.1.0, linux x64",
    "   # TensorFlow.js 4.22.0, backend wasm",
    "   # pnpm-lock.yaml sha256:1",
    "   pnpm install --frozen-lockfile",
    "",
    "3. Get the data",
    "   # mnist / train sha256:5 from https://example.org/mnist",
    "   # extra md5:6 from where it is: not recorded",
    "",
    "4. Run it",
    String.raw`   node train.ts --name 'it'\''s'`,
    "   # lr = 0.1",
    "   # data.shuffle_seed = 7",
    "   # seeds: data.shuffle_seed",
    "",
    "5. Check it",
    '   checkReproduction(await ledger.getRun("run1"), await ledger.getRun(again))',
    "",
    "The record does not hold:",
    "   untracked: the contents of 1 files are not stored: notes.txt",
    "   data: extra has no uri, and its content is not stored",
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
    engine: "git" as const,
    remotes: [],
    dirty: true,
    changes: [],
    untracked: [],
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
          submodules: [],
          incomplete: [evil],
        },
        datasets: [{ time: 0, name: evil, digest: evil, uri: evil }],
      }),
      new Set(),
    ),
  );
  expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u);
  const [steps = ""] = text.split("The record does not hold:");
  const commands = steps.split("\n").filter((line) => /^ {3}[^#]/.test(line));
  expect(commands).toEqual([
    expect.stringMatching(/^ {3}node '…' # /),
    '   checkReproduction(await ledger.getRun("a"), await ledger.getRun(again))',
  ]);
  expect(text).not.toContain("git clone");
  expect(text).not.toContain("git worktree add");
});

test("bounded, and bad input", async () => {
  const params = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`p${i}`, i]));
  const plan = planReproduction(record("a", { params }), new Set());
  expect(formatReproduction(plan)).toContain("… 70 more");
  expect(formatReproduction(plan, { maxItems: 5 })).toContain("… 95 more");
  expect(() => formatReproduction(plan, { maxItems: 0 })).toThrow(/maxItems/);
  for (const wrong of [undefined, 3, {}, { ...plan, missing: 1 }])
    expect(() => formatReproduction(wrong as never)).toThrow(/plan must be a result of ledger.reproduction/);
  const { ledger } = await createTestLedger();
  await expect(ledger.reproduction("nobody")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  await expect(ledger.reproduction(3 as never)).rejects.toMatchObject({ field: "id" });
  const id = await ledger.withRun({}, (run) => run.id);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(ledger.reproduction(id, { signal })).rejects.toThrow("enough");
});
