import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Random } from "./random.ts";

/** What a project for a benchmark has. */
export interface ProjectSize {
  /** Tracked files, in folders of 20. */
  readonly files: number;
  readonly changed: number;
  readonly untracked: number;
}

const DEPENDENCIES = 20;
const FOLDER = 20;
const WORDS = "const let run of model loss return step await batch tensor = ( ) { } ; 0.1 10 // the and".split(" ");

/**
 * Makes a project in a git repository: sources of 1 to 8 kB, a lockfile, installed packages, three commits, changes that
 * are not committed. Copies `script` of this directory there as `train.mjs`. Returns the URL of the copy.
 */
export function makeGitProject(directory: string, size: ProjectSize, script: string): string {
  const random = new Random(11);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  const git = (...args: string[]): void => {
    const identity = ["user.name=bench", "user.email=bench@example.org", "commit.gpgSign=false", "gc.auto=0"];
    const settings = identity.flatMap((setting) => ["-c", setting]);
    execFileSync("git", [...settings, "-C", directory, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  };
  const path = (i: number): string => `src/part-${Math.floor(i / FOLDER)}/file-${i}.ts`;
  const names = Array.from({ length: DEPENDENCIES }, (_, i) => `package-${i}`);
  const dependencies = Object.fromEntries(names.map((name) => [name, "^1.0.0"]));
  write("package.json", JSON.stringify({ name: "project", type: "module", dependencies }, undefined, 2));
  write("package-lock.json", lines(random, 200_000));
  write(".gitignore", "node_modules/\nruns/\n");
  for (const name of names) write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.2.3" }));
  for (let i = 0; i < size.files; i++) write(path(i), lines(random, 1000 + 7000 * random.uniform()));
  copyFileSync(new URL(script, import.meta.url), join(directory, "train.mjs"));
  git("init", "--quiet");
  git("add", "package.json", "package-lock.json", ".gitignore", "train.mjs");
  git("commit", "--quiet", "-m", "project");
  git("add", "--all");
  git("commit", "--quiet", "-m", "sources");
  write(path(0), lines(random, 4000));
  git("commit", "--quiet", "--all", "-m", "change");
  git("remote", "add", "origin", "https://example.org/project.git");
  for (let i = 0; i < size.changed; i++)
    write(path(Math.floor((i * size.files) / size.changed)), lines(random, 1000 + 7000 * random.uniform()));
  for (let i = 0; i < size.untracked; i++) write(`notes/note-${i}.txt`, lines(random, 500));
  return pathToFileURL(join(directory, "train.mjs")).href;
}

/** Returns about `length` characters of lines. */
function lines(random: Random, length: number): string {
  let text = "";
  for (let column = 0; text.length < length;) {
    const word = WORDS[Math.floor(random.uniform() * WORDS.length)]!;
    column += word.length + 1;
    text += column > 80 ? `${word}\n` : `${word} `;
    if (column > 80) column = 0;
  }
  return `${text}\n`;
}
