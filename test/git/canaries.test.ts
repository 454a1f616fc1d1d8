import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { captureGit } from "runledger/git";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isFull, sampled } from "../rounds.ts";
import { Repository, fingerprint, lines } from "./repository.ts";

/** Programs that a repository names, and how it names them. Each writes the file `bird` when it runs. */
const TRAPS: Readonly<Record<string, (r: Repository, program: string) => void>> = {
  "core.fsmonitor": (r, program) => r.git("config", "core.fsmonitor", program),
  hooks: (r, program) => {
    mkdirSync(join(r.directory, ".git/hooks"), { recursive: true });
    for (const hook of ["post-index-change", "fsmonitor-watchman", "post-checkout", "reference-transaction"]) {
      writeFileSync(join(r.directory, ".git/hooks", hook), `#!/bin/sh\n${program}\n`);
      chmodSync(join(r.directory, ".git/hooks", hook), 0o755);
    }
  },
  "core.hooksPath": (r, program) => {
    mkdirSync(join(r.top, "hooks"));
    writeFileSync(join(r.top, "hooks/post-index-change"), `#!/bin/sh\n${program}\n`);
    chmodSync(join(r.top, "hooks/post-index-change"), 0o755);
    r.git("config", "core.hooksPath", join(r.top, "hooks"));
  },
  "clean filter": (r, program) => {
    r.write(".gitattributes", "* filter=trap\n");
    r.git("config", "filter.trap.clean", program);
    r.git("config", "filter.trap.smudge", program);
    r.git("config", "filter.trap.required", "true");
  },
  "process filter": (r, program) => {
    r.write(".gitattributes", "* filter=trap\n");
    r.git("config", "filter.trap.process", program);
  },
  "filter with an odd name": (r, program) => {
    r.write(".gitattributes", "* filter=a=b.c\n");
    r.git("config", "filter.a=b.c.clean", program);
  },
  textconv: (r, program) => {
    r.write(".gitattributes", "* diff=trap\n");
    r.git("config", "diff.trap.textconv", program);
  },
  "diff command": (r, program) => {
    r.write(".gitattributes", "* diff=trap\n");
    r.git("config", "diff.trap.command", program);
  },
  "diff.external": (r, program) => r.git("config", "diff.external", program),
  aliases: (r, program) => {
    for (const name of ["status", "diff", "rev-parse", "config", "ls-files", "cat-file", "for-each-ref", "version"])
      r.git("config", `alias.${name}`, `!${program}`);
  },
  pager: (r, program) => {
    for (const name of ["core.pager", "pager.status", "pager.diff", "pager.config", "pager.for-each-ref"])
      r.git("config", name, program);
  },
  "included settings": (r, program) => {
    writeFileSync(join(r.top, "included"), `[core]\n\tfsmonitor = ${program}\n[diff]\n\texternal = ${program}\n`);
    r.git("config", "include.path", join(r.top, "included"));
    r.git("config", `includeIf.gitdir:${r.top}/.path`, join(r.top, "included"));
  },
  "signature program": (r, program) => {
    r.git("config", "log.showSignature", "true");
    r.git("config", "gpg.program", program);
  },
  "programs for remotes": (r, program) => {
    r.git("config", "remote.origin.url", `ext::${program}`);
    r.git("config", "remote.origin.uploadpack", program);
    r.git("config", "core.sshCommand", program);
    r.git("config", "core.gitProxy", program);
    r.git("config", "core.askPass", program);
    r.git("config", "credential.helper", `!${program}`);
  },
  "settings of a submodule": (r, program) => {
    r.gitIn(r.top, "clone", "--quiet", r.directory, "origin");
    r.git("submodule", "--quiet", "add", join(r.top, "origin"), "lib");
    const lib = join(r.directory, "lib");
    r.write("lib/.gitattributes", "* filter=trap diff=trap\n");
    r.gitIn(lib, "config", "core.fsmonitor", program);
    r.gitIn(lib, "config", "filter.trap.clean", program);
    r.gitIn(lib, "config", "filter.trap.process", program);
    r.gitIn(lib, "config", "diff.trap.textconv", program);
    r.write("lib/train.ts", "changed\n");
  },
};

let repository: Repository;
let bird: string;
let program: string;

beforeEach(() => {
  repository = new Repository();
  repository.begin();
  bird = join(repository.top, "bird");
  program = join(repository.top, "trap");
  writeFileSync(program, `#!/bin/sh\necho "$0" >> '${bird}'\ncat\n`);
  chmodSync(program, 0o755);
});
afterEach(() => repository.dispose());

describe.each(["git", "isomorphic-git"] as const)("%s runs nothing", (engine) => {
  test("of all traps together", async () => {
    const { "settings of a submodule": submodule, ...others } = TRAPS;
    submodule?.(repository, program);
    for (const set of Object.values(others)) set(repository, program);
    repository.write(".gitattributes", "*.ts filter=trap diff=trap\n*.bin filter=a=b.c\n");
    repository.change();
    repository.write("model/layers.ts", lines(20, "Layer"));
    const before = fingerprint(repository.directory);
    expect(existsSync(bird) ? "set off while it was set" : "").toBe("");
    const code = await captureGit({ directory: repository.directory, engine, untrackedContents: true });
    expect(code?.commit).toBeDefined();
    expect(existsSync(bird)).toBe(false);
    expect(fingerprint(repository.directory)).toEqual(before);
    // The traps do work.
    repository.tryGit("status");
    expect(existsSync(bird)).toBe(true);
  });

  test.each(isFull ? Object.entries(TRAPS) : [])("%s", async (_, set) => {
    set(repository, program);
    repository.change();
    // Same size, so that git has to read the file.
    repository.write("model/layers.ts", lines(20, "Layer"));
    const before = fingerprint(repository.directory);
    const { directory } = repository;
    expect(existsSync(bird) ? "set off while it was set" : "").toBe("");
    const code = await captureGit({ directory, engine, untrackedContents: true });
    expect(code?.commit).toBeDefined();
    expect(existsSync(bird)).toBe(false);
    expect(fingerprint(repository.directory)).toEqual(before);
  });
});

// Without the care that captureGit takes, plain git runs it: the traps above do work.
test.each(sampled(["core.fsmonitor", "clean filter", "process filter", "filter with an odd name"], 4))(
  "plain git runs the %s",
  (name) => {
    TRAPS[name]?.(repository, program);
    repository.change();
    repository.tryGit("status");
    expect(existsSync(bird)).toBe(true);
  },
);

test.each(sampled(["textconv", "diff command", "diff.external"], 3))("plain git runs the %s", (name) => {
  TRAPS[name]?.(repository, program);
  repository.change();
  repository.tryGit("diff", "HEAD");
  expect(existsSync(bird)).toBe(true);
});

test("a file that only a filter could compare makes it unknown, and another change makes it dirty", async () => {
  repository.write(".gitattributes", "*.bin filter=large\n");
  repository.git("config", "filter.large.clean", "cat");
  repository.git("add", "--all");
  repository.git("commit", "--quiet", "--message", "attributes");
  repository.write("data.bin", "other");
  const { directory } = repository;
  const unsure = await captureGit({ directory, engine: "git" });
  expect(unsure).toMatchObject({ dirty: "unknown", changes: [] });
  expect(unsure?.patch).toBeUndefined();
  expect(unsure?.incomplete).toEqual(["dirty: 1 files with a filter may have changed; filters were not run"]);
  repository.write("train.ts", "changed\n");
  const sure = await captureGit({ directory, engine: "git" });
  expect(sure).toMatchObject({ dirty: true, changes: [{ path: "train.ts" }] });
  expect(new TextDecoder().decode(sure?.patch)).not.toContain("data.bin");
});

test("a clone without all objects fetches none, also if its settings allow programs as remotes", async () => {
  repository.git("config", "uploadpack.allowFilter", "true");
  const url = `file://${repository.directory}`;
  repository.gitIn(repository.top, "clone", "--quiet", "--no-checkout", "--filter=blob:none", url, "partial");
  repository.directory = join(repository.top, "partial");
  repository.git("read-tree", "HEAD");
  // As a remote, one that answers would keep git waiting.
  writeFileSync(program, `#!/bin/sh\necho "$0" >> '${bird}'\n`);
  for (const [key, value] of [
    ["remote.origin.url", `ext::${program}`],
    ["remote.origin.uploadpack", program],
    ["protocol.allow", "always"],
    ["protocol.ext.allow", "always"],
    ["protocol.file.allow", "always"],
  ])
    repository.git("config", key as string, value as string);
  repository.change();
  expect((await captureGit({ directory: repository.directory, engine: "git" }))?.dirty).toBe(true);
  expect(existsSync(bird)).toBe(false);
  // Plain git runs it.
  repository.tryGit("-c", "protocol.allow=never", "diff", "HEAD");
  expect(existsSync(bird)).toBe(true);
});

test("a clone without all objects fetches none", async () => {
  repository.git("config", "uploadpack.allowFilter", "true");
  const url = `file://${repository.directory}`;
  repository.gitIn(repository.top, "clone", "--quiet", "--no-checkout", "--filter=blob:none", url, "partial");
  repository.directory = join(repository.top, "partial");
  repository.git("read-tree", "HEAD");
  repository.change();
  const before = fingerprint(repository.directory);
  for (const engine of ["git", "isomorphic-git"] as const) {
    const code = await captureGit({ directory: repository.directory, engine });
    expect(code?.dirty).toBe(true);
    expect(code?.incomplete.join("\n")).toMatch(/patch: /);
  }
  expect(fingerprint(repository.directory)).toEqual(before);
});

describe("a working tree that is the one of another repository", () => {
  test.each(["git", "auto"] as const)("%s runs no filter of the other, and reads this one", async (engine) => {
    TRAPS["clean filter"]?.(repository, program);
    repository.change();
    const inner = join(repository.directory, "inner/repo");
    mkdirSync(inner, { recursive: true });
    repository.gitIn(inner, "init", "--quiet");
    repository.gitIn(inner, "commit", "--quiet", "--allow-empty", "--message", "inner");
    const commit = repository.gitIn(inner, "rev-parse", "HEAD").trim();
    repository.gitIn(inner, "config", "core.worktree", "../../..");
    expect(existsSync(bird) ? "set off while it was set" : "").toBe("");
    const code = await captureGit({ directory: inner, engine });
    expect(existsSync(bird)).toBe(false);
    expect(code).toMatchObject({ engine: "git", commit, dirty: false });
  });
});

test.each(["git", "auto", "isomorphic-git"] as const)(
  "%s runs no filter behind a megabyte of settings",
  async (engine) => {
    TRAPS["clean filter"]?.(repository, program);
    repository.change();
    repository.write("model/layers.ts", lines(20, "Layer"));
    const config = join(repository.directory, ".git/config");
    const padding = `\tnote = ${"a".repeat(60_000)}\n`.repeat(40);
    writeFileSync(config, `[filter "pad"]\n${padding}${readFileSync(config, "utf8")}`);
    const capturing = captureGit({ directory: repository.directory, engine });
    if (engine === "git")
      await expect(capturing).rejects.toMatchObject({ code: "IO", message: expect.stringContaining("too large") });
    else expect(await capturing).toMatchObject({ dirty: "unknown" });
    expect(existsSync(bird)).toBe(false);
    // Plain git does run it.
    repository.tryGit("status");
    expect(existsSync(bird)).toBe(true);
  },
);
