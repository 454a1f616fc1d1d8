export { captureGit, type CaptureGitOptions } from "./capture-git.ts";
export type { CodeChange, CodeChangeStatus, CodeSnapshot, Remote, Submodule, UntrackedFile } from "./code-snapshot.ts";
export type { GitFileCalls, GitFileStats, GitFileSystem } from "./git-files.ts";
