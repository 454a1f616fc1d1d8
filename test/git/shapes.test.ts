import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CodeSnapshot, captureGit } from "runledger/git";
import { afterAll, describe, expect, test } from "vitest";
import { Repository, fingerprint } from "./repository.ts";
import { isFull, sampled } from "../rounds.ts";
import { SHAPES, type Shape } from "./shapes.ts";

const DOCUMENT = join(import.meta.dirname, "../../docs/code-snapshots.md");
const rows = new Map<string, string>();

interface Captured {
  readonly repository: Repository;
  readonly before: readonly string[];
  readonly git: CodeSnapshot;
  readonly isomorphic: CodeSnapshot;
  readonly after: readonly string[];
}

async function capture(shape: Shape): Promise<Captured> {
  const repository = new Repository();
  shape.make(repository);
  const before = fingerprint(repository.top);
  const { directory } = repository;
  const git = await captureGit({ directory, engine: "git" });
  const isomorphic = await captureGit({ directory, engine: "isomorphic-git" });
  if (!git || !isomorphic) throw new Error("there is a repository");
  return { repository, before, git, isomorphic, after: fingerprint(repository.top) };
}

const listed = ({ changes }: CodeSnapshot): string[] => changes.map(({ path, status }) => `${status} ${path}`);

describe.each(sampled(SHAPES, 4))("$name", (shape) => {
  let once: Promise<Captured> | undefined;
  const captured = (): Promise<Captured> => (once ??= capture(shape));
  afterAll(async () => (await captured()).repository.dispose());

  test("the git program finds all", async () => {
    const { git, repository } = await captured();
    expect(git).toMatchObject({ engine: "git", dirty: shape.dirty, incomplete: shape.incomplete ?? [] });
    expect(git.engineVersion).toMatch(/^\d+\.\d+/);
    expect(listed(git)).toEqual(shape.changes ?? []);
    expect(git.untracked.map(({ path }) => path)).toEqual(shape.untracked ?? []);
    if (git.commit === undefined) return;
    expect(git.commit).toBe(repository.git("rev-parse", "HEAD").trim());
    expect(git.branch ?? "").toBe(repository.git("branch", "--show-current").trim());
    expect(git.authoredAt).toBe(Date.parse("2026-11-01T10:00:00+01:00"));
    expect(git.committedAt).toBe(Date.parse("2026-11-02T10:00:00+01:00"));
  });

  test("isomorphic-git agrees or says that it does not know", async () => {
    const { git, isomorphic } = await captured();
    expect(isomorphic).toMatchObject({ engine: "isomorphic-git", engineVersion: "1.44.19" });
    rows.set(shape.name, `| ${shape.name} | ${git.dirty} | ${isomorphic.dirty} |`);
    expect([isomorphic.commit, isomorphic.branch]).toEqual([git.commit, git.branch]);
    if (shape.unknown) {
      expect(isomorphic.dirty).toBe("unknown");
      expect(isomorphic.incomplete.join("\n")).toMatch(shape.unknown);
      return;
    }
    const { engine: _e, engineVersion: _v, patch: _p, submodules: _s, incomplete: _i, ...facts } = git;
    expect(isomorphic).toMatchObject(facts);
    expect(isomorphic.submodules.map(({ path, commit }) => [path, commit])).toEqual(
      git.submodules.map(({ path, commit }) => [path, commit]),
    );
  });

  test("nothing in the repository changed, times included", async () => {
    const { before, after } = await captured();
    const relevant = (files: readonly string[]): string[] =>
      files.map((line) => (shape.touched?.test(line) ? line.replace(/ \d+ (?=\S*$)/, " ") : line));
    expect(relevant(after)).toEqual(relevant(before));
  });

  test.skipIf(shape.hasNoPatch)("the patch makes the same tree of the commit", async () => {
    const { repository, git, isomorphic } = await captured();
    if (git.commit === undefined && git.changes.length === 0) return expect(git.patch).toBeUndefined();
    const format = git.commit?.length === 64 ? "sha256" : "sha1";
    const tree = repository.workTree();
    expect(repository.patchedTree(git.patch, format)).toBe(tree);
    const isSame = Buffer.from(isomorphic.patch ?? []).equals(git.patch ?? new Uint8Array());
    if (!shape.unknown && !isSame) expect(repository.patchedTree(isomorphic.patch, format)).toBe(tree);
  });
});

const START = "<!-- shapes -->";
const END = "<!-- /shapes -->";

test("docs/code-snapshots.md has this table", async () => {
  const text = await readFile(DOCUMENT, "utf8");
  const written = text.slice(text.indexOf(START), text.indexOf(END) + END.length);
  const lines = written.replace(/ +/g, " ").split("\n").slice(4, -2);
  if (isFull && process.env["WRITE_DOCS"]) {
    const table = [START, "", "| repository | git program | isomorphic-git |", "| --- | --- | --- |"];
    for (const { name } of SHAPES) table.push(rows.get(name) ?? `| ${name} | not captured | not captured |`);
    await writeFile(DOCUMENT, text.replace(written, [...table, "", END].join("\n")));
    return;
  }
  expect(lines).toHaveLength(SHAPES.length);
  for (const [i, { name }] of SHAPES.entries()) expect(lines[i]).toBe(rows.get(name) ?? lines[i]);
  expect(rows.size).toBe(sampled(SHAPES, 4).length);
});
