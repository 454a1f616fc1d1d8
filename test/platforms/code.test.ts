import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { captureGit, captureSources } from "runledger/git";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Repository } from "../git/repository.ts";
import { bundle } from "../processes/bundle.ts";
import { programIn } from "./expectations.ts";

const run = promisify(execFile);
const [bun, deno] = [programIn("BUN"), programIn("DENO")];
const permission = process.allowedNodeEnvironmentFlags.has("--permission")
  ? "--permission"
  : "--experimental-permission";

let child: Awaited<ReturnType<typeof bundle>>;
let repository: Repository;
beforeAll(async () => {
  child = await bundle(new URL("code-program.ts", import.meta.url), { splitting: true, requires: true });
  repository = new Repository();
  repository.begin();
  repository.change();
  writeFileSync(join(repository.directory, "package.json"), "{}");
});
afterAll(async () => {
  repository.dispose();
  await child.remove();
});

const digest = (bytes: Uint8Array | undefined): string =>
  createHash("sha256")
    .update(bytes ?? "")
    .digest("hex");

interface Found {
  readonly engine?: string;
  readonly error?: string;
  readonly commit?: string;
  readonly dirty?: boolean | "unknown";
  readonly patch?: string;
  readonly archive?: string;
}

/** Runs the program, and returns what it prints. */
async function report(
  program: string,
  flags: readonly string[],
): Promise<{
  readonly status: string;
  readonly errors: readonly string[];
  readonly recorded?: Found;
  readonly auto?: Found;
  readonly portable?: Found;
  readonly sources?: Found;
}> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await run(program, [...flags, child.script, repository.directory], { cwd: child.directory, env });
  return JSON.parse(stdout) as Awaited<ReturnType<typeof report>>;
}

describe.each([
  ["node", process.execPath, [], "git"],
  ["bun", bun, [], "git"],
  ["deno", deno, ["run", "--allow-all", "--no-lock"], "git"],
  ["deno without git", deno, ["run", "--allow-read", "--allow-env", "--no-lock", "--no-prompt"], "isomorphic-git"],
] as const)("%s", (name, program, flags, engine) => {
  const why = program === undefined ? `: no ${name}, see vitest.platforms.config.ts` : "";

  test.skipIf(program === undefined)(`captures a repository as Node does${why}`, async () => {
    const { directory } = repository;
    const git = await captureGit({ directory, engine: "git" });
    const isomorphic = await captureGit({ directory, engine: "isomorphic-git" });
    const patches = { git: digest(git?.patch), "isomorphic-git": digest(isomorphic?.patch) };
    const { archive } = await captureSources({ directory });
    const { status, errors, recorded, auto, portable, sources } = await report(program as string, flags);
    expect({ status, errors }).toEqual({ status: "finished", errors: [] });
    const expected = { commit: git?.commit, branch: "main", dirty: true };
    expect(auto).toMatchObject({ ...expected, engine, patch: patches[engine] });
    expect(portable).toMatchObject({ ...expected, engine: "isomorphic-git", patch: patches["isomorphic-git"] });
    expect(sources).toMatchObject({ engine: "archive", archive: digest(archive) });
    expect(recorded).toMatchObject({ commit: git?.commit, patch: `sha256:${patches[engine]}` });
  });
});

describe.each([
  ["node that may read only the program", process.execPath, [permission, "--allow-fs-read=CHILD"]],
  ["deno without permissions", deno, ["run", "--no-lock", "--no-prompt"]],
] as const)("%s", (name, program, flags) => {
  const why = program === undefined ? `: no ${name}, see vitest.platforms.config.ts` : "";

  test.skipIf(program === undefined)(`finishes its runs, and says what it may not read${why}`, async () => {
    const own = flags.map((flag) => flag.replace("CHILD", child.directory));
    const { status, errors, recorded, auto, portable, sources } = await report(program as string, own);
    expect({ status, errors }).toEqual({ status: "finished", errors: [] });
    expect(recorded?.commit).toBeUndefined();
    for (const found of [auto, portable, sources]) {
      expect(found?.commit).toBeUndefined();
      expect(found?.archive).toBeUndefined();
      // A repository that cannot be read may be none. All other answers are errors of the library.
      if (found?.error !== undefined) expect(found.error).toBe("LedgerError");
    }
  });
});

test.skipIf(deno === undefined)(
  `deno that may only read finds commit and sources${deno === undefined ? ": no deno, see vitest.platforms.config.ts" : ""}`,
  async () => {
    const found = await report(deno as string, ["run", "--allow-read", "--no-lock", "--no-prompt"]);
    const { directory } = repository;
    const commit = repository.git("rev-parse", "HEAD").trim();
    expect(found).toMatchObject({ status: "finished", errors: [], recorded: { commit } });
    // isomorphic-git reads environment variables when it is loaded.
    expect(found.auto).toMatchObject({ engine: "isomorphic-git", commit, branch: "main", dirty: "unknown" });
    expect(found.sources?.archive).toBe(digest((await captureSources({ directory })).archive));
  },
);
