import type { CodeSnapshot } from "runledger/git";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** A snapshot with every member. */
export const SNAPSHOT: CodeSnapshot & Required<Pick<CodeSnapshot, "commit" | "patch">> = {
  engine: "git",
  engineVersion: "2.39.5",
  commit: COMMIT,
  branch: "main",
  tag: "v1",
  authoredAt: 1_766_000_000_000,
  committedAt: 1_766_000_001_000,
  remotes: [{ name: "origin", url: "https://example.org/code.git" }],
  dirty: true,
  changes: [{ path: "räume/train.ts", status: "modified" }],
  untracked: [{ path: "notes.txt", size: 12 }],
  submodules: [{ path: "lib", commit: COMMIT, dirty: false }],
  entry: "train.ts",
  directory: "räume",
  lockfile: { path: "package-lock.json", digest: `sha256:${"c".repeat(64)}` },
  patch: new TextEncoder().encode(
    "diff --git a/train.ts b/train.ts\n--- a/train.ts\n+++ b/train.ts\n@@ -1,1 +1,1 @@\n-lr = 1\n+lr = 2\n",
  ),
  incomplete: [],
};
