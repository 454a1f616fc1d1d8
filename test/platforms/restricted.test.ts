import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../processes/bundle.ts";
import { programIn } from "./expectations.ts";

const run = promisify(execFile);
const [bun, deno] = [programIn("BUN"), programIn("DENO")];
const permission = process.allowedNodeEnvironmentFlags.has("--permission")
  ? "--permission"
  : "--experimental-permission";

let child: Awaited<ReturnType<typeof bundle>>;
beforeAll(async () => {
  child = await bundle(new URL("captured-program.ts", import.meta.url), { splitting: true });
});
afterAll(() => child.remove());

const FILES = ["container", "lockfile", "project"];

describe.each([
  ["node", process.execPath, [], []],
  ["node with permissions", process.execPath, [permission, "--allow-fs-read=DIRECTORY"], FILES],
  ["bun", bun, [], []],
  ["deno", deno, ["run", "--allow-all", "--no-lock"], []],
  ["deno without permissions", deno, ["run", "--no-lock", "--no-prompt"], [...FILES, "packageManager", "variables"]],
] as const)("%s", (name, program, flags, missing) => {
  const why = program === undefined ? `: no ${name}, see vitest.platforms.config.ts` : "";

  test.skipIf(program === undefined)(`runs record what the platform permits${why}`, async () => {
    const { NODE_OPTIONS: _, ...env } = process.env;
    const own = flags.map((flag) => flag.replace("DIRECTORY", child.directory));
    const { stdout } = await run(program as string, [...own, child.script], { cwd: child.directory, env });
    const { environment, metrics, lines, ...rest } = JSON.parse(stdout) as {
      readonly environment: { readonly command: string[]; readonly incomplete?: string[] };
      readonly metrics: string[];
      readonly lines: object[];
    };
    expect(rest).toEqual({ status: "finished", errors: [] });
    expect((environment.incomplete ?? []).toSorted()).toEqual(
      missing.map((part) => `${part}: not permitted`).toSorted(),
    );
    expect(environment.command.at(-1)).toMatch(/child\.mjs$/);
    expect(metrics).toEqual(
      expect.arrayContaining(["loss", "system/process/cpu/percent", "system/process/memory/rss"]),
    );
    expect(lines).toEqual([{ time: expect.any(Number), stream: "stderr", text: "a line" }]);
  });
});
