import { readFileSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type ViteUserConfig, defineConfig } from "vitest/config";

const conditions = ["runledger-source", "node", "import", "module", "default"];
export const sources: ViteUserConfig = { resolve: { conditions }, ssr: { resolve: { conditions } } };

/** Need a server or other programs: vitest.s3.config.ts, vitest.engines.config.ts, vitest.platforms.config.ts. */
const ELSEWHERE = /^test\/(real-s3|engines|platforms)\/|\bnode_modules\b/;
/** Run with the tests of faults alone, because they take long: vitest.faults.config.ts. */
export const EXHAUSTIVE = "test/exhaustive/";

/**
 * What a file of tests contains that changes, or measures, what the tests in its process share. To print, to read a
 * variable of the environment, to name a type of a global and to make a function for a test do neither.
 */
const OWN_PROCESS =
  /\bvi\.(?!fn\b|waitFor\b)|(?<!typeof )\bglobalThis\b|\bmemoryUsage\b|\bgc\(|\bprocess\.(on|once|emit|chdir)\b|\bprocess\.env(\.\w+|\[[^\]]*\])? = |delete process\.env/;

/** One more than there are cores, since many tests wait for processes and for time limits. */
export const maxWorkers: number = availableParallelism() + 1;

/** Returns the files of tests below the project's root that need neither a server nor another program. */
export function testFiles(): string[] {
  return ["test", "examples"]
    .flatMap((root) => readdirSync(root, { recursive: true, encoding: "utf8" }).map((path) => join(root, path)))
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".test.ts") && !ELSEWHERE.test(path));
}

const files = testFiles().filter((path) => !path.startsWith(EXHAUSTIVE));
const apart = files.filter((path) => OWN_PROCESS.test(readFileSync(path, "utf8")));
/** How long a test waits for something to happen. By default a second, which a busy machine may need for nothing. */
export const expectOptions = { poll: { timeout: 20_000 } };
const limits = { testTimeout: 180_000, hookTimeout: 180_000, expect: expectOptions };

const config: ViteUserConfig = defineConfig({
  test: {
    maxWorkers,
    reporters: ["default"],
    projects: [
      // To load the sources once for many files saves a third of the time.
      {
        ...sources,
        test: {
          ...limits,
          name: "shared",
          isolate: false,
          setupFiles: ["test/load-all.ts"],
          include: files.filter((path) => !apart.includes(path)),
        },
      },
      { ...sources, test: { ...limits, name: "apart", include: apart } },
    ],
  },
});
export default config;
