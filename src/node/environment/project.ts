import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { setOwn } from "../../bytes/dictionary.ts";
import type { Dictionary } from "../../journal/event.ts";
import { mapBounded } from "../../platform/bounded.ts";
import { type Findings, isAbsent } from "./findings.ts";

/** Lockfiles and the package managers that write them. The first one of a directory counts. */
const LOCKFILES: readonly (readonly [file: string, manager: string])[] = [
  ["package-lock.json", "npm"],
  ["npm-shrinkwrap.json", "npm"],
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["deno.lock", "deno"],
];
const MAX_LEVELS = 32;
const MAX_DEPENDENCIES = 500;
const MAX_MANIFEST_BYTES: number = 1024 * 1024;
const MAX_LOCKFILE_BYTES: number = 64 * 1024 * 1024;
/** How many files are read at once. */
const AT_ONCE = 8;
const PACKAGE_NAME = /^(?:@[\w~-][\w.~-]*\/)?[\w~-][\w.~-]*$/;
const VERSION = /^[\w.+-]{1,100}$/;

/** The members of `package.json` that are used. */
interface Manifest {
  readonly version?: unknown;
  readonly packageManager?: unknown;
  readonly dependencies?: unknown;
  readonly devDependencies?: unknown;
  readonly optionalDependencies?: unknown;
  readonly peerDependencies?: unknown;
}

/**
 * Finds the package manager, the lockfile and the installed versions of the direct dependencies of the program's
 * project: the one that contains the main script, or the working directory if the script is in none, or is a tool in
 * `node_modules`.
 */
export async function describeProject(
  findings: Findings,
  workingDirectory: string,
  script: string | undefined = process.argv[1],
): Promise<void> {
  const starts = [script === undefined || isInstalled(script) ? "" : dirname(script), workingDirectory];
  const places = starts.filter((start) => start !== "").map(levelsAbove);
  let project: Project | undefined;
  await findings.look("project", async () => {
    for (const levels of places) project ??= await findProject(levels);
  });
  const levels = project?.levels ?? places[0];
  if (levels === undefined) return;
  let manager: string | undefined;
  await findings.look("lockfile", async () => {
    const lockfile = await findLockfile(levels);
    manager = lockfile?.manager;
    return lockfile && (await describeLockfile(lockfile.path, levels[0]!));
  });
  await findings.look("packageManager", () => packageManager(project?.manifest, manager));
  if (project !== undefined) await findDependencies(findings, project);
}

/** A `package.json`, and its directory with those above it. */
interface Project {
  readonly manifest: Manifest;
  readonly levels: readonly string[];
}

async function findProject(levels: readonly string[]): Promise<Project | undefined> {
  for (const [i, level] of levels.entries()) {
    const manifest = await readManifest(join(level, "package.json"));
    if (manifest !== undefined) return { manifest, levels: levels.slice(i) };
  }
  return undefined;
}

function isInstalled(script: string): boolean {
  return script.split(/[\\/]/).includes("node_modules");
}

/** Returns a directory and those above it. */
function levelsAbove(directory: string): string[] {
  const levels = [directory];
  for (let above = dirname(directory); above !== levels.at(-1) && levels.length < MAX_LEVELS; above = dirname(above))
    levels.push(above);
  return levels;
}

/** Returns the size of a file. Anything else is of endless size: a pipe would keep its reader waiting. */
async function sizeOf(path: string): Promise<number> {
  const found = await stat(path);
  return found.isFile() ? found.size : Number.POSITIVE_INFINITY;
}

/** Returns a `package.json`, or `undefined` if there is none that can be parsed. */
async function readManifest(path: string): Promise<Manifest | undefined> {
  let text: string;
  try {
    if ((await sizeOf(path)) > MAX_MANIFEST_BYTES) return undefined;
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  try {
    const manifest: unknown = JSON.parse(text);
    return typeof manifest === "object" && manifest !== null ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the nearest lockfile, up to the root of a git repository. */
async function findLockfile(
  levels: readonly string[],
): Promise<{ readonly path: string; readonly manager: string } | undefined> {
  for (const level of levels) {
    for (const [name, manager] of LOCKFILES)
      if (await exists(join(level, name))) return { path: join(level, name), manager };
    if (await exists(join(level, ".git"))) return undefined;
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

async function describeLockfile(path: string, project: string): Promise<Dictionary> {
  const size = await sizeOf(path);
  if (size > MAX_LOCKFILE_BYTES) throw new Error(`it is not a file of at most ${MAX_LOCKFILE_BYTES} bytes`);
  const digest = createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
  return { path: relative(project, path).replaceAll(sep, "/"), digest: `sha256:${digest}` };
}

/** Returns the package manager that the project names, or whose lockfile it has, or that started the program. */
function packageManager(manifest: Manifest | undefined, ofLockfile: string | undefined): Dictionary | undefined {
  const named = manifest?.packageManager;
  const [, own, ownVersion] = (typeof named === "string" && /^([a-z]{1,20})@([\w.-]{1,50})/.exec(named)) || [];
  const agent = process.env["npm_config_user_agent"] ?? "";
  const [, starter, starterVersion] = /^([a-z]{1,20})\/([\w.-]{1,50})/.exec(agent) ?? [];
  const name = own ?? ofLockfile ?? starter;
  if (name === undefined) return undefined;
  const version = ownVersion ?? (starter === name ? starterVersion : undefined);
  return { name, ...(version !== undefined && { version }) };
}

async function findDependencies(findings: Findings, { manifest, levels }: Project): Promise<void> {
  const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest;
  const listed = [dependencies, devDependencies, optionalDependencies, peerDependencies].flatMap((each) =>
    typeof each === "object" && each !== null ? Object.keys(each) : [],
  );
  const names = [...new Set(listed)].filter((name) => PACKAGE_NAME.test(name)).sort();
  if (names.length === 0) return;
  await findings.look("dependencies", async () => {
    const versions = await mapBounded(names.slice(0, MAX_DEPENDENCIES), AT_ONCE, undefined, (name) =>
      installedVersion(name, levels),
    );
    const installed: Dictionary<string> = {};
    for (const [i, version] of versions.entries()) if (version !== undefined) setOwn(installed, names[i]!, version);
    const missing = names.length - Object.keys(installed).length;
    if (missing > 0)
      findings.incomplete.push(`dependencies: ${missing} of ${names.length} were not found in node_modules`);
    return Object.keys(installed).length > 0 ? installed : undefined;
  });
}

/** Returns the version of a package that a program in the first of these directories gets. */
async function installedVersion(name: string, levels: readonly string[]): Promise<string | undefined> {
  for (const level of levels) {
    const manifest = await readManifest(join(level, "node_modules", name, "package.json"));
    if (manifest !== undefined)
      return typeof manifest.version === "string" && VERSION.test(manifest.version) ? manifest.version : undefined;
  }
  return undefined;
}
