export type { FileTree, FileTreeOptions, SourceFile } from "../../backend/file-tree.ts";
export { type Durability, type FsBackend, type FsBackendOptions, fsBackend } from "./backend.ts";
export { type FromPathOptions, fromPath } from "./from-path.ts";
