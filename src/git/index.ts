export { captureGit } from "./capture-git.ts";
export type { CaptureGitOptions, CaptureSourcesOptions } from "./capture-options.ts";
export { captureSources } from "./capture-sources.ts";
export type { CodeChange, CodeChangeStatus, Remote, Submodule, UntrackedFile } from "../journal/recorded-code.ts";
export type { CodeSnapshot } from "../provenance/code-snapshot.ts";
export type { GitFileCalls, GitFileStats, GitFileSystem } from "./git-file-system.ts";
