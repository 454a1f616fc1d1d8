import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Repository, lines } from "./repository.ts";

/** A shape of a repository. */
export interface Shape {
  readonly name: string;
  readonly make: (repository: Repository) => void;
  /** What the git program finds. */
  readonly dirty: boolean | "unknown";
  readonly changes?: readonly string[];
  readonly untracked?: readonly string[];
  /** Why isomorphic-git leaves unknown whether it is dirty. Both engines agree on all others. */
  readonly unknown?: RegExp;
  /** What the git program could not find out. */
  readonly incomplete?: readonly string[];
  /** Files that git touches whenever it reads the index. Their times change, and nothing else. */
  readonly touched?: RegExp;
  /** Why there is no patch to be compared. */
  readonly hasNoPatch?: true;
}

const MANY = 5000;

/** One repository of each shape. */
export const SHAPES: readonly Shape[] = [
  { name: "clean", make: (r) => r.begin(), dirty: false },
  {
    name: "dirty",
    make: (r) => (r.begin(), r.change()),
    dirty: true,
    changes: ["modified data.bin", "modified train.ts"],
    untracked: ["notes.txt"],
  },
  {
    name: "staged",
    make: (r) => (r.begin(), r.change(), r.write("new.ts", "new\n"), r.git("add", "--all")),
    dirty: true,
    changes: ["modified data.bin", "added new.ts", "added notes.txt", "modified train.ts"],
  },
  {
    name: "staged and taken back in the working tree",
    make: (r) => (
      r.begin(),
      r.change(),
      r.git("add", "train.ts"),
      r.write("train.ts", lines(40, "train")),
      r.remove("notes.txt")
    ),
    dirty: true,
    changes: ["modified data.bin", "modified train.ts"],
  },
  {
    name: "renamed",
    make: (r) => (r.begin(), r.git("mv", "train.ts", "fit.ts")),
    dirty: true,
    changes: ["added fit.ts", "deleted train.ts"],
  },
  {
    name: "deleted",
    make: (r) => (r.begin(), r.remove("train.ts"), r.git("rm", "--cached", "--quiet", "run.sh")),
    dirty: true,
    changes: ["deleted run.sh", "deleted train.ts"],
    untracked: ["run.sh"],
  },
  {
    name: "mode changed",
    make: (r) => (r.begin(), chmodSync(join(r.directory, "run.sh"), 0o755)),
    dirty: true,
    changes: ["modified run.sh"],
  },
  {
    name: "mode ignored",
    make: (r) => (r.begin(), r.git("config", "core.fileMode", "false"), chmodSync(join(r.directory, "run.sh"), 0o755)),
    dirty: false,
  },
  {
    name: "mode staged, modes ignored",
    make: (r) => (
      r.begin(),
      r.git("config", "core.fileMode", "false"),
      r.git("update-index", "--chmod=+x", "train.ts")
    ),
    dirty: true,
    changes: ["modified train.ts"],
  },
  {
    name: "same size in the second of the commit",
    make: (r) => (r.begin("--quiet"), r.write("train.ts", lines(40, "train").replace("train 5", "train 6"))),
    dirty: true,
    changes: ["modified train.ts"],
  },
  {
    name: "symbolic links",
    make: (r) => {
      r.begin();
      symlinkSync("train.ts", join(r.directory, "link"));
      symlinkSync("nowhere", join(r.directory, "loose"));
      r.git("add", "link");
      r.git("commit", "--quiet", "--message", "link");
      rmSync(join(r.directory, "link"));
      symlinkSync("run.sh", join(r.directory, "link"));
      rmSync(join(r.directory, "run.sh"));
      symlinkSync("train.ts", join(r.directory, "run.sh"));
    },
    dirty: true,
    changes: ["modified link", "type-changed run.sh"],
    untracked: ["loose"],
  },
  {
    name: "a folder became a link, a file a folder",
    make: (r) => {
      r.begin();
      r.write("elsewhere/layers.ts", lines(20, "layer"));
      r.remove("model");
      symlinkSync("elsewhere", join(r.directory, "model"));
      r.remove("run.sh");
      r.write("run.sh/inside.txt", "x\n");
    },
    dirty: true,
    changes: ["deleted model/layers.ts", "deleted run.sh"],
    untracked: ["elsewhere/layers.ts", "model", "run.sh/inside.txt"],
  },
  {
    name: "no newline at the end, empty files",
    make: (r) => {
      r.begin();
      r.write("a.txt", "a\nb");
      r.write("empty.txt", "");
      r.write("full.txt", "x\n");
      r.git("add", "--all");
      r.git("commit", "--quiet", "--message", "more");
      r.write("a.txt", "a\nb\n");
      r.write("empty.txt", "y");
      r.write("full.txt", "");
    },
    dirty: true,
    changes: ["modified a.txt", "modified empty.txt", "modified full.txt"],
  },
  {
    name: "CRLF as it is",
    make: (r) => (r.begin(), r.write("train.ts", lines(40, "train").replaceAll("\n", "\r\n"))),
    dirty: true,
    changes: ["modified train.ts"],
  },
  {
    name: "autocrlf, checked out with CRLF",
    make: (r) => (r.begin(), r.git("config", "core.autocrlf", "true"), checkOutAgain(r, "train.ts")),
    dirty: false,
    unknown: /convert/,
  },
  {
    name: "eol attribute, checked out with CRLF",
    make: (r) => {
      r.begin();
      r.write(".gitattributes", "*.ts text eol=crlf\n");
      r.git("add", "--all");
      r.git("commit", "--quiet", "--message", "attributes");
      checkOutAgain(r, "train.ts");
    },
    dirty: false,
    unknown: /convert/,
  },
  {
    name: "eol attribute, changed",
    make: (r) => {
      r.begin();
      r.write(".gitattributes", "*.ts text eol=lf\n");
      r.git("add", "--all");
      r.git("commit", "--quiet", "--message", "attributes");
      r.write("train.ts", "changed\n");
    },
    dirty: true,
    changes: ["modified train.ts"],
  },
  {
    name: "no commit yet",
    make: (r) => (r.git("init", "--quiet"), r.write("a.ts", "a\n"), r.git("add", "a.ts"), r.write("b.ts", "b\n")),
    dirty: true,
    changes: ["added a.ts"],
    untracked: ["b.ts"],
  },
  {
    name: "nothing at all yet",
    make: (r) => r.git("init", "--quiet"),
    dirty: false,
  },
  { name: "detached", make: (r) => (r.begin(), r.git("checkout", "--quiet", "--detach")), dirty: false },
  {
    name: "merge in progress",
    make: (r) => {
      r.begin();
      r.git("checkout", "--quiet", "-b", "side");
      r.write("train.ts", lines(40, "train").replace("train 5", "side"));
      r.git("commit", "--quiet", "--all", "--message", "side");
      r.git("checkout", "--quiet", "main");
      r.write("train.ts", lines(40, "train").replace("train 5", "main"));
      r.git("commit", "--quiet", "--all", "--message", "main");
      r.tryGit("merge", "side");
    },
    dirty: true,
    changes: ["unmerged train.ts"],
  },
  {
    name: "linked worktree",
    make: (r) => {
      r.begin();
      r.git("worktree", "add", "--quiet", "-b", "linked", join(r.top, "linked"));
      r.directory = join(r.top, "linked");
      r.change();
    },
    dirty: true,
    changes: ["modified data.bin", "modified train.ts"],
    untracked: ["notes.txt"],
    unknown: /linked worktree/,
  },
  {
    name: "git directory elsewhere",
    make: (r) => (r.begin("--separate-git-dir", join(r.top, "elsewhere.git")), r.change()),
    dirty: true,
    changes: ["modified data.bin", "modified train.ts"],
    untracked: ["notes.txt"],
  },
  {
    name: "shallow",
    make: (r) => {
      r.begin();
      r.git("commit", "--quiet", "--allow-empty", "--message", "second");
      r.gitIn(r.top, "clone", "--quiet", "--depth=1", `file://${r.directory}`, "shallow");
      r.directory = join(r.top, "shallow");
      r.git("remote", "set-url", "origin", "https://example.org/code.git");
      r.change();
    },
    dirty: true,
    changes: ["modified data.bin", "modified train.ts"],
    untracked: ["notes.txt"],
  },
  {
    name: "packed",
    make: (r) => (
      r.begin(),
      r.git("tag", "-a", "-m", "t", "v1"),
      r.git("gc", "--quiet"),
      r.git("pack-refs", "--all"),
      r.change()
    ),
    dirty: true,
    changes: ["modified data.bin", "modified train.ts"],
    untracked: ["notes.txt"],
  },
  {
    name: "tags",
    make: (r) => (
      r.begin(),
      r.git("tag", "v2"),
      r.git("tag", "-a", "-m", "t", "v1"),
      r.git("tag", "of/file", "HEAD:run.sh")
    ),
    dirty: false,
  },
  {
    name: "alternates",
    make: (r) => {
      r.begin();
      r.gitIn(r.top, "clone", "--quiet", "--shared", r.directory, "shared");
      r.directory = join(r.top, "shared");
      r.git("remote", "set-url", "origin", "https://example.org/code.git");
      r.change();
    },
    dirty: true,
    changes: ["modified data.bin", "modified train.ts"],
    untracked: ["notes.txt"],
    unknown: /alternates/,
  },
  {
    name: "index of version 4",
    make: (r) => (r.begin(), r.git("update-index", "--index-version", "4"), r.change()),
    dirty: true,
    changes: ["modified data.bin", "modified train.ts"],
    untracked: ["notes.txt"],
  },
  {
    name: "index of version 3, intent to add",
    make: (r) => (r.begin(), r.write("new.ts", "new\n"), r.git("add", "--intent-to-add", "new.ts")),
    dirty: true,
    changes: ["added new.ts"],
  },
  {
    name: "split index",
    make: (r) => (r.begin(), r.git("update-index", "--split-index"), r.change()),
    dirty: true,
    changes: ["modified data.bin", "modified train.ts"],
    untracked: ["notes.txt"],
    unknown: /split index/,
    touched: /sharedindex/,
  },
  {
    name: "sparse checkout",
    make: (r) => (r.begin(), r.git("sparse-checkout", "set", "nothing"), r.write("train.ts", "changed\n")),
    dirty: true,
    changes: ["modified train.ts"],
    unknown: /sparse checkout/,
  },
  {
    name: "sparse index",
    make: (r) => (r.begin(), r.git("sparse-checkout", "set", "--sparse-index", "nothing")),
    dirty: false,
    unknown: /sparse/,
  },
  {
    name: "SHA-256",
    make: (r) => (r.begin("--object-format=sha256"), r.change()),
    dirty: true,
    changes: ["modified data.bin", "modified train.ts"],
    untracked: ["notes.txt"],
    unknown: /SHA-256/,
  },
  { name: "submodule", make: (r) => addSubmodule(r), dirty: false, unknown: /submodule lib/ },
  {
    name: "submodule, not checked out",
    make: (r) => (addSubmodule(r), r.git("submodule", "--quiet", "deinit", "--all")),
    dirty: false,
  },
  {
    name: "submodule, dirty",
    make: (r) => (addSubmodule(r), r.write("lib/train.ts", "changed\n")),
    dirty: true,
    unknown: /submodule lib/,
    incomplete: ["patch: changes inside of submodules are left out (1)"],
    hasNoPatch: true,
  },
  {
    name: "submodule at another commit",
    make: (r) => {
      addSubmodule(r);
      r.gitIn(join(r.directory, "lib"), "commit", "--quiet", "--allow-empty", "--message", "second");
    },
    dirty: true,
    changes: ["modified lib"],
    hasNoPatch: true,
  },
  {
    name: "repository inside, not tracked",
    make: (r) => {
      r.begin();
      r.gitIn(r.directory, "init", "--quiet", "inner");
      r.write("inner/a.txt", "a\n");
      r.gitIn(join(r.directory, "inner"), "add", "--all");
      r.gitIn(join(r.directory, "inner"), "commit", "--quiet", "--message", "inner");
    },
    dirty: false,
    untracked: ["inner/"],
  },
  {
    name: "ignored files",
    make: (r) => {
      r.begin();
      r.write("a/.gitignore", "*\n!keep*\n!.gitignore\nkeep-not\n");
      for (const path of [
        "a/drop",
        "a/keep",
        "a/keep-not",
        "a/b/keep",
        "out/x",
        "x.log",
        "a/keep.log",
        "excluded.txt",
        "seen.txt",
      ])
        r.write(path, "x\n");
      r.write(".git/info/exclude", "excluded*\n");
      mkdirSync(join(r.directory, "empty"));
    },
    dirty: false,
    untracked: ["a/.gitignore", "a/keep", "a/keep.log", "seen.txt"],
  },
  {
    name: "tracked although ignored",
    make: (r) => {
      r.begin();
      r.write("out/kept.txt", "kept\n");
      r.git("add", "--force", "out/kept.txt");
      r.git("commit", "--quiet", "--message", "kept");
      r.write("out/kept.txt", "changed\n");
      r.write("out/other.txt", "other\n");
    },
    dirty: true,
    changes: ["modified out/kept.txt"],
  },
  {
    name: "assumed unchanged",
    make: (r) => (r.begin(), r.git("update-index", "--assume-unchanged", "run.sh"), r.write("run.sh", "changed\n")),
    dirty: false,
  },
  {
    name: "odd names",
    make: (r) => {
      r.begin();
      const names = ["new\nline.txt", "tab\tname.txt", 'quo"te.txt', "späce name.txt", "a b/c d.txt", "ß"];
      for (const name of names) r.write(name, "one\n");
      r.git("add", "--all");
      r.git("commit", "--quiet", "--message", "odd");
      for (const name of names) r.write(name, "two\n");
      r.write("un\ntracked", "x\n");
    },
    dirty: true,
    changes: ["a b/c d.txt", "new\nline.txt", 'quo"te.txt', "späce name.txt", "tab\tname.txt", "ß"].map(
      (name) => `modified ${name}`,
    ),
    untracked: ["un\ntracked"],
  },
  {
    name: "a name with a backslash",
    make: (r) => {
      r.begin();
      r.write("back\\slash.txt", "one\n");
      r.git("add", "--all");
      r.git("commit", "--quiet", "--message", "odd");
      r.write("back\\slash.txt", "two\n");
    },
    dirty: true,
    changes: ["modified back\\slash.txt"],
    unknown: /backslash|back\\slash|unsafe/i,
  },
  {
    name: "a name that is not UTF-8",
    make: (r) => {
      r.begin();
      const path = Buffer.concat([Buffer.from(`${r.directory}/caf`), Buffer.from([0xe9])]);
      writeFileSync(path, "one\n");
      r.git("add", "--all");
      r.git("commit", "--quiet", "--message", "odd");
      writeFileSync(path, "two\n");
    },
    dirty: true,
    changes: ['modified "caf\\351"'],
    unknown: /UTF-8/,
  },
  {
    name: `${MANY} files`,
    make: (r) => {
      r.git("init", "--quiet");
      for (let i = 0; i < MANY; i++) r.write(`d${i % 50}/f${i}.txt`, `file ${i}\n`);
      r.git("add", "--all");
      r.git("commit", "--quiet", "--message", "many");
      for (let i = 0; i < 20; i++) r.write(`d${i}/f${i}.txt`, `changed ${i}\n`);
    },
    dirty: true,
    changes: Array.from({ length: 20 }, (_, i) => `modified d${i}/f${i}.txt`).sort((a, b) => (a < b ? -1 : 1)),
  },
];

/** Lets git write a file again, and moves its time, so that only its content shows whether the file is changed. */
function checkOutAgain(r: Repository, path: string): void {
  r.remove(path);
  r.git("checkout", "--", path);
  utimesSync(join(r.directory, path), 1, 1);
}

function addSubmodule(r: Repository): void {
  r.begin();
  r.gitIn(r.top, "clone", "--quiet", r.directory, "origin");
  r.git("submodule", "--quiet", "add", join(r.top, "origin"), "lib");
  r.git("commit", "--quiet", "--message", "submodule");
}
