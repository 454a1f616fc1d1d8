export type { FileTree, FileTreeOptions, SourceFile } from "../../backend/file-tree.ts";
export { type Durability, type FsBackend, type FsBackendOptions, fsBackend } from "./backend.ts";
export { type FromPathOptions, fromPath } from "./from-path.ts";
export type { SavableArtifact, SavableFile, SaveProgress, SaveToOptions } from "./savable.ts";
export { saveTo } from "./save-to.ts";
