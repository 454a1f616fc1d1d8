import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatReproduction } from "../../src/compare/reproduction/format-reproduction.ts";
import { openLedger } from "../../src/node/open-ledger.ts";
import { rounds } from "../rounds.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const { NODE_OPTIONS: _, ...inherited } = process.env;
const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const env = {
  ...inherited,
  NODE_OPTIONS: `--conditions=runledger-source --import=${loader}`,
  npm_config_audit: "false",
  npm_config_offline: "true",
};

const TRAIN = `import { openLedger } from "runledger/node";
import { loss } from "../loss.mjs";
const ledger = await openLedger("./runs", { capture: { system: false, code: { untrackedContents: true } } });
await ledger.withRun({ experiment: "steps", params: { seed: 7 } }, (run) => run.log({ loss: loss(process.argv[2]) }));
`;

/** Returns the commands of a step of a plan. */
function commandsOf(text: string, step: string): string[] {
  const [, after = ""] = text.split(`. ${step}\n`);
  const [lines = ""] = after.split("\n\n");
  return lines.split("\n").flatMap((line) => (line.startsWith("   #") ? [] : [line.trim()]));
}

describe.skipIf(rounds(0, 1) === 0 || process.platform === "win32")(
  "with test:faults alone, because it starts many programs of a POSIX system",
  () => {
    let place: string;
    beforeAll(async () => {
      place = await mkdtemp(join(tmpdir(), "runledger-steps-"));
    });
    afterAll(() => rm(place, { recursive: true, force: true, maxRetries: 10 }));

    test("a shell follows the steps of a run of a sub-folder in a fresh directory", { timeout: 120_000 }, async () => {
      const repository = join(place, "repository");
      const app = join(repository, "web/my app");
      const fresh = join(place, "fresh");
      for (const directory of [app, fresh, join(place, "node_modules")]) await mkdir(directory, { recursive: true });
      await symlink(root, join(place, "node_modules/runledger"), "junction");
      await writeFile(join(repository, ".gitignore"), "runs\nnode_modules\n");
      await writeFile(join(repository, "web/package.json"), '{ "name": "app", "version": "1.0.0" }\n');
      const lock = {
        name: "app",
        version: "1.0.0",
        lockfileVersion: 3,
        packages: { "": { name: "app", version: "1.0.0" } },
      };
      await writeFile(join(repository, "web/package-lock.json"), JSON.stringify(lock));
      await writeFile(join(app, "train.mjs"), TRAIN);
      await writeFile(join(repository, "web/loss.mjs"), "export const loss = () => 1;\n");
      const git = async (...args: string[]): Promise<void> => {
        const names = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
        await run("git", ["-C", repository, ...names, ...args]);
      };
      await git("init", "--quiet", "--template=");
      await git("add", "--all");
      await git("commit", "--quiet", "--message", "first");
      await git("remote", "add", "origin", "https://example.org/app.git");
      await writeFile(
        join(repository, "web/loss.mjs"),
        'import { scale } from "./my app/new.mjs";\nexport const loss = (rate) => scale * Number(rate);\n',
      );
      await writeFile(join(app, "new.mjs"), "export const scale = 3;\n");

      await run(process.execPath, ["train.mjs", "0.5"], { cwd: app, env });
      const ledger = await openLedger(join(app, "runs"));
      const { id } = (await ledger.searchRuns()).runs[0]!;
      const plan = await ledger.reproduction(id);
      expect(plan.code).toMatchObject({ dirty: true, directory: "web/my app", entry: "web/my app/train.mjs" });
      const text = formatReproduction(plan, { place: "../repository/web/my app/runs" });

      const remote = { KEY_0: `url.${repository}.insteadOf`, VALUE_0: "https://example.org/app.git" };
      const shell = async (commands: readonly string[]): Promise<string> => {
        const configured = Object.fromEntries(
          Object.entries(remote).map(([name, value]) => [`GIT_CONFIG_${name}`, value]),
        );
        const options = { cwd: fresh, env: { ...env, ...configured, GIT_CONFIG_COUNT: "1" } };
        return (await run("sh", ["-ec", commands.join("\n")], options)).stdout;
      };
      const steps = ["Get the code", "Install", "Run it"].map((step) => commandsOf(text, step));
      expect(steps).toEqual([
        ['START="$PWD"', ...Array<unknown>(3).fill(expect.any(String)), expect.stringMatching(/^git apply/)],
        ["(cd ./web && npm ci)"],
        ["cd './web/my app'", "node train.mjs 0.5"],
      ]);
      await shell(steps.flat());

      const newLedger = `../reproduce-${id}/web/my app/runs`;
      const other = await openLedger(join(fresh, newLedger));
      const [again] = (await other.searchRuns()).runs;
      const { commit, patch, directory } = (await ledger.getRun(id)).code!;
      expect(again?.code).toMatchObject({ commit, patch, directory });
      const check = commandsOf(text, "Check it").map((line) =>
        line.replace("NEW_LEDGER", `'${newLedger}'`).replace("NEW_RUN", again!.id),
      );
      expect(await shell(['START="$PWD"', ...check])).toMatch(/reproduced: true/);
      const wrong = check.map((line) => line.replace(again!.id, "nobody"));
      await expect(shell(['START="$PWD"', ...wrong])).rejects.toThrow(
        /ledger \.\.\/reproduce-\S+web\/my app\/runs: .*nobody/,
      );
    });
  },
);
