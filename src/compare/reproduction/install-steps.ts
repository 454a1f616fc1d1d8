import type { Dictionary } from "../../journal/event.ts";
import { isNested } from "../../journal/params.ts";
import type { Reproduction } from "./reproduction.ts";
import { comment, directoryOf, inDirectory } from "./shell-word.ts";

/** How a package manager installs exactly what its lockfile says. */
const FROM_LOCKFILE: ReadonlyMap<string, string> = new Map([
  ["npm", "npm ci"],
  ["pnpm", "pnpm install --frozen-lockfile"],
  ["yarn", "yarn install --immutable"],
  ["bun", "bun install --frozen-lockfile"],
  ["deno", "deno install --frozen"],
]);

const MANAGERS: ReadonlyMap<string, string> = new Map([
  ["package-lock.json", "npm"],
  ["npm-shrinkwrap.json", "npm"],
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["deno.lock", "deno"],
]);

const MAX_VERSIONS = 10;

/** Returns the steps that install the packages: the recorded versions only if a lockfile says which they were. */
export function installSteps({ environment, code }: Reproduction): string[] {
  const { runtime, os, tfjs } = environment;
  return [
    comment`runtime ${texts(runtime, ["name", "version"])}, system ${texts(os, ["name", "arch"])}`,
    ...(isNested(tfjs)
      ? [comment`TensorFlow.js ${texts(tfjs, ["version"])}, backend ${texts(tfjs, ["backend"])}`]
      : []),
    ...packageSteps(environment, code),
  ];
}

function packageSteps({ packageManager, dependencies }: Dictionary, code: Reproduction["code"]): string[] {
  const { lockfile } = code ?? {};
  const named = text(packageManager, "name");
  const isStored = lockfile !== undefined && !code?.untracked.some(({ path }) => path === lockfile.path);
  const manager = MANAGERS.get(lockfile?.path.split("/").at(-1) ?? "") ?? named;
  if (isStored) {
    const isFirstYarn = manager === "yarn" && text(packageManager, "version")?.startsWith("1.");
    const command = isFirstYarn ? "yarn install --frozen-lockfile" : FROM_LOCKFILE.get(manager ?? "npm");
    const directory = directoryOf(lockfile.path);
    return [
      comment`lockfile ${lockfile.path} ${lockfile.digest}`,
      ...(command === undefined
        ? []
        : [
            inDirectory(directory, command),
            comment`if the lockfile is missing because git ignores it, run ${`${manager ?? "npm"} install`}, and versions may differ`,
          ]),
    ];
  }
  if (lockfile === undefined && manager === undefined && !isNested(dependencies))
    return ["# no lockfile and no package are recorded"];
  const versions = Object.entries(isNested(dependencies) ? dependencies : {}).map(([name, is]) => `${name}@${is}`);
  return [
    lockfile
      ? comment`lockfile ${lockfile.path} is not stored: versions may differ`
      : "# no lockfile is recorded: versions may differ",
    ...(versions.length > 0
      ? [
          `${comment`the run had ${versions.slice(0, MAX_VERSIONS).join(" ")}`}${versions.length > MAX_VERSIONS ? " …" : ""}`,
        ]
      : []),
    inDirectory(code?.directory ?? ".", `${FROM_LOCKFILE.has(manager ?? "") ? manager : "npm"} install`),
  ];
}

function texts(data: unknown, keys: readonly string[]): string {
  return keys.flatMap((key) => text(data, key) ?? []).join(" ") || "not recorded";
}

function text(data: unknown, key: string): string | undefined {
  const value = isNested(data) ? data[key] : undefined;
  return typeof value === "string" ? value : undefined;
}
