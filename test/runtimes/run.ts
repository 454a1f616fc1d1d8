import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { matrixOf, PLATFORM_FILES, type VitestReport, withBlock } from "./matrix.ts";

// npm run test:runtimes: runs the quickstart and the conformance suite in every runtime, and prints a table of what passed. What the
// environment does not name (see vitest.platforms.config.ts) is installed: runtimes below node_modules/.cache, browsers with apt, as root.
//   --write          puts the table into README.md
//   --report FILE    prints the table of a report that vitest wrote before, and runs nothing

const root = join(import.meta.dirname, "../..");
const readme = join(root, "README.md");
const cache = join(root, "node_modules/.cache/runtimes");
const env: NodeJS.ProcessEnv = { ...process.env };

/** Runs an installer unless the variables are set. Sets them, or says why it could not: the tests that need them then say so, too. */
function install(
  script: string,
  args: readonly string[],
  variables: (printed: string) => Record<string, string>,
): void {
  const names = Object.keys(variables("")).filter((name) => env[name] === undefined);
  if (names.length === 0) return;
  console.log(`installing ${names.join(", ")}`);
  const { status, stdout, stderr } = spawnSync("bash", [join(root, "test/servers", script), ...args], {
    encoding: "utf8",
  });
  for (const name of names) {
    if (status === 0) env[name] = variables(stdout.trim())[name]!;
    else
      env[`${name}_MISSING`] = `not installed: ${
        stderr
          .trim()
          .split("\n")
          .findLast((line) => line !== "") ?? script
      }`;
  }
}

async function runTests(file: string): Promise<number> {
  install("install-runtimes.sh", [cache], () => ({
    NODES: cache,
    BUN: join(cache, "bun"),
    DENO: join(cache, "deno"),
    WORKERD: cache,
  }));
  install("install-chromium.sh", [], (printed) => ({ CHROMIUM: printed }));
  install("install-firefox.sh", [], (printed) => ({ FIREFOX: printed }));
  install("install-webkit.sh", [], (printed) => ({ WEBKIT: printed }));
  const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--config", "vitest.platforms.config.ts"];
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const tests = spawn(process.execPath, [...vitest, ...reporters, ...PLATFORM_FILES], {
    cwd: root,
    env,
    stdio: "inherit",
  });
  const [code] = (await once(tests, "exit")) as [number | null];
  return code ?? 1;
}

const { values } = parseArgs({ options: { write: { type: "boolean" }, report: { type: "string" } } });
const file = values.report ?? join(root, "node_modules/.cache/runtimes.json");
if (values.report === undefined) process.exitCode = await runTests(file);
const rows = matrixOf(JSON.parse(readFileSync(file, "utf8")) as VitestReport);
console.log(`\n${rows.join("\n")}`);
if (values.write) {
  const date = new Date().toISOString().slice(0, 10);
  const block = `\n\nWhat \`npm run test:runtimes\` printed on ${date}:\n\n${rows.join("\n")}\n\n`;
  writeFileSync(readme, withBlock(readFileSync(readme, "utf8"), block));
}
