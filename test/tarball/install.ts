import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, readdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

export interface Installed {
  /** A project with the packed package, and nothing but its declared dependencies, in its `node_modules`. */
  readonly project: string;
  /** `node_modules/runledger` in it. */
  readonly home: string;
  /** Every file of the tarball, with its size. */
  readonly files: readonly { path: string; size: number }[];
  readonly packedSize: number;
  remove(): Promise<void>;
}

/**
 * Builds a copy of this repository, packs it, and unpacks the tarball as `npm install` would; needs no network. To make
 * the declarations takes most of the time.
 */
export async function installPackage({ declarations }: { readonly declarations: boolean }): Promise<Installed> {
  const place = await realpath(await mkdtemp(join(tmpdir(), "runledger-pack-")));
  const copy = join(place, "copy");
  await mkdir(copy);
  for (const name of await readdir(root)) {
    if (/^(src|build|docs|package\.json|tsup\.config\.ts|tsconfig.*\.json|LICENSE|.*\.md)$/.test(name)) {
      await cp(join(root, name), join(copy, name), { recursive: true });
    }
  }
  await symlink(join(root, "node_modules"), join(copy, "node_modules"), "junction");
  const bin = (name: string): string => join(root, "node_modules", name);
  const build = node(copy, bin("tsup/dist/cli-default.js"), "--silent");
  if (declarations) {
    // tsup empties dist when it starts, so the declarations are made beside it and moved in.
    const declare = node(copy, bin("typescript/bin/tsc"), "-p", "tsconfig.build.json", "--outDir", "declarations");
    await Promise.all([build, declare]);
    await cp(join(copy, "declarations"), join(copy, "dist"), { recursive: true });
    await node(copy, bin("tsx/dist/cli.mjs"), "build/declarations.ts");
  }
  await build;
  await node(copy, "build/manifest.mjs", "publish");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { stdout } = await run(npm, ["pack", "--json", "--ignore-scripts"], { cwd: copy });
  const [packed] = JSON.parse(stdout) as [{ filename: string; size: number; files: { path: string; size: number }[] }];

  const project = join(place, "project");
  const home = join(project, "node_modules", "runledger");
  await mkdir(home, { recursive: true });
  await run("tar", ["-xzf", join(copy, packed.filename), "--strip-components=1", "-C", home]);
  await writeFile(join(project, "package.json"), '{"name":"consumer","private":true,"type":"module"}');
  const { dependencies } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
  for (const name of Object.keys(dependencies)) {
    const link = join(project, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, "node_modules", name), link, "junction");
  }
  return {
    project,
    home,
    files: packed.files,
    packedSize: packed.size,
    remove: () => rm(place, { recursive: true, force: true, maxRetries: 10 }),
  };
}

/** Runs plain Node, without a loader, in a directory; rejects with its output when it fails. */
export async function node(cwd: string, ...args: string[]): Promise<string> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  try {
    return (await run(process.execPath, args, { cwd, env })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`node ${args.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
