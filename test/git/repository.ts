import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const SETTINGS = [
  "user.name=A",
  "user.email=a@example.org",
  "init.defaultBranch=main",
  "protocol.file.allow=always",
  "commit.gpgsign=false",
  "gc.auto=0",
  "maintenance.auto=false",
].flatMap((setting) => ["-c", setting]);

/** To make a repository takes three calls of git, to copy one takes none. */
let template: Repository | undefined;

/** A real repository in a directory of its own, made with the git program. */
export class Repository {
  readonly top: string;
  /** The directory that is captured. */
  directory: string;
  readonly env: Record<string, string> = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"))),
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_DATE: "2026-11-01T10:00:00+01:00",
    GIT_COMMITTER_DATE: "2026-11-02T10:00:00+01:00",
  } as Record<string, string>;

  constructor() {
    this.top = mkdtempSync(join(tmpdir(), "runledger-git-"));
    this.directory = join(this.top, "repository");
    mkdirSync(this.directory);
  }

  git(...args: readonly string[]): string {
    return this.gitIn(this.directory, ...args);
  }

  gitIn(directory: string, ...args: readonly string[]): string {
    const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
    const options = { cwd: directory, env: this.env, stdio, timeout: 60_000 };
    return execFileSync("git", [...SETTINGS, ...args], options).toString();
  }

  /** Runs git where it may fail. */
  tryGit(...args: readonly string[]): void {
    try {
      this.git(...args);
    } catch {
      // It fails, as a merge with conflicts does.
    }
  }

  write(path: string, content: string | Uint8Array, directory: string = this.directory): void {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }

  remove(path: string): void {
    rmSync(join(this.directory, path), { recursive: true });
  }

  /** Makes a repository with some files in one commit: a copy of one, or with options of `git init` a new one. */
  begin(...options: readonly string[]): void {
    if (options.length > 0) return this.make(options);
    if (template === undefined) {
      const first = new Repository();
      first.make([]);
      template = first;
      process.once("exit", () => first.dispose());
    }
    cpSync(template.directory, this.directory, { recursive: true, preserveTimestamps: true });
  }

  private make(options: readonly string[]): void {
    this.git("init", "--quiet", "--template=", ...options);
    this.write("train.ts", lines(40, "train"));
    this.write("model/layers.ts", lines(20, "layer"));
    this.write(
      "data.bin",
      Uint8Array.from({ length: 300 }, (_, i) => i % 256),
    );
    this.write("run.sh", "#!/bin/sh\necho run\n");
    this.write(".gitignore", "out/\n*.log\n");
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", "first");
  }

  /** Changes a text, a binary, and adds a file that is not tracked. */
  change(): void {
    this.write("train.ts", lines(40, "train").replace("train 5\n", "learning rate\n").replace("train 30\n", ""));
    this.write(
      "data.bin",
      Uint8Array.from({ length: 300 }, (_, i) => (i + 1) % 256),
    );
    this.write("notes.txt", "not tracked\n");
  }

  /** Returns the tree that the tracked files of the working tree make. Writes objects, so call it last. */
  workTree(): string {
    const index = this.git("rev-parse", "--git-path", "index").trim();
    const copy = join(this.top, "index-copy");
    const path = index.startsWith("/") ? index : join(this.directory, index);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats) {
      writeFileSync(copy, readFileSync(path));
      // With a later time, git would trust the times of files that changed in the second of the commit.
      const seconds = Math.floor(stats.mtimeMs / 1000);
      utimesSync(copy, seconds, seconds);
    }
    this.env["GIT_INDEX_FILE"] = copy;
    try {
      this.git("add", "--update", "--", ":/");
      return this.git("write-tree").trim();
    } finally {
      delete this.env["GIT_INDEX_FILE"];
    }
  }

  /** Returns the tree that a patch makes of the commit. */
  patchedTree(patch: Uint8Array | undefined, format: string = "sha1"): string {
    const clone = join(this.top, "clone");
    rmSync(clone, { recursive: true, force: true, maxRetries: 10 });
    if (this.git("for-each-ref", "--count=1").trim() !== "") {
      this.gitIn(this.top, "clone", "--quiet", "--no-checkout", this.directory, clone);
      this.gitIn(clone, "read-tree", this.git("rev-parse", "HEAD").trim());
    } else this.gitIn(this.top, "init", "--quiet", `--object-format=${format}`, clone);
    if (patch) {
      writeFileSync(join(this.top, "changes.patch"), patch);
      this.gitIn(clone, "apply", "--cached", "--whitespace=nowarn", join(this.top, "changes.patch"));
    }
    return this.gitIn(clone, "write-tree").trim();
  }

  dispose(): void {
    rmSync(this.top, { recursive: true, force: true, maxRetries: 10 });
  }
}

export function lines(count: number, word: string): string {
  return Array.from({ length: count }, (_, i) => `${word} ${i}\n`).join("");
}

/** Returns the name, the mode, the time and the digest of every file below a directory. */
export function fingerprint(directory: string): string[] {
  const found: string[] = [];
  const visit = (folder: Buffer): void => {
    // As bytes, because names need not be UTF-8.
    for (const name of readdirSync(folder, { encoding: "buffer" })) {
      const path = Buffer.concat([folder, Buffer.from("/"), name]);
      const stats = lstatSync(path, { bigint: true });
      const digest = stats.isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : "";
      found.push(`${path.toString("latin1")} ${stats.mode} ${stats.mtimeNs} ${digest}`);
      if (stats.isDirectory()) visit(path);
    }
  };
  visit(Buffer.from(directory));
  return found.sort();
}
