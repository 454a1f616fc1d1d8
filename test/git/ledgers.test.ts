import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CodeSnapshot, captureGit } from "runledger/git";
import { openLedger } from "runledger/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Repository } from "./repository.ts";

let repository: Repository;
beforeEach(() => {
  repository = new Repository();
  repository.begin();
});
afterEach(() => repository.dispose());

const capture = async (engine: "git" | "isomorphic-git"): Promise<CodeSnapshot> =>
  (await captureGit({ directory: repository.directory, engine, untrackedContents: true }))!;
const paths = ({ untracked }: CodeSnapshot): string[] => untracked.map(({ path }) => path);

describe.each(["git", "isomorphic-git"] as const)("%s", (engine) => {
  test("the files of a ledger in the repository are no code", async () => {
    const { directory } = repository;
    const before = await capture(engine);
    writeFileSync(join(directory, "new.ts"), "1");
    mkdirSync(join(directory, "other"));
    writeFileSync(join(directory, "other/ledger.json"), '{"format":"another"}');
    const ledger = await openLedger(join(directory, "runs"), { capture: false });
    await ledger.withRun({}, (run) => run.log({ loss: 1 }));
    const code = await capture(engine);
    expect(paths(code)).toEqual([...paths(before), "new.ts", "other/ledger.json"].sort());
    expect(code.incomplete).toEqual([...before.incomplete, "sources: 1 ledger left out (runs/)"]);
    expect(new TextDecoder().decode(code.patch)).not.toContain("runs/");
    await ledger.withRun({}, (run) => run.log({ loss: 2 }));
    expect(await capture(engine)).toEqual(code);
  });
});

test("two runs with the same code and a ledger in the repository have the same code", async () => {
  const { directory } = repository;
  const ledger = await openLedger(join(directory, "runs"), {
    capture: { environment: false, system: false, code: { directory } },
  });
  const ids: string[] = [];
  for (let i = 0; i < 2; i++) {
    const id = await ledger.withRun({}, (run) => run.id);
    ids.push(id);
  }
  const { same, untracked, unknown } = await ledger.diffCode(ids[0]!, ids[1]!);
  expect(untracked).toEqual({ onlyA: [], onlyB: [], changed: [] });
  expect(unknown.filter((text) => /untracked|sources/.test(text))).toEqual([]);
  expect(same).not.toBe(false);
  expect((await ledger.reproduction(ids[1]!)).missing.join("\n")).not.toMatch(/ledger/);
});
