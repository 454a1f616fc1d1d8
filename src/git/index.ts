export { captureGit, type CaptureGitOptions } from "./capture-git.ts";
export type { CodeChange, CodeChangeStatus, Remote, Submodule, UntrackedFile } from "../journal/recorded-code.ts";
export type { CodeSnapshot } from "../provenance/code-snapshot.ts";
export type { GitFileCalls, GitFileStats, GitFileSystem } from "./git-files.ts";
