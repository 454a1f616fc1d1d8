import { utf8Encoder } from "../../bytes/utf8.ts";
import type { FileSide } from "../patch/write-file-patch.ts";
import { SUBMODULE } from "./work-tree-status.ts";

/** Returns a submodule as a side of a patch. */
export function submoduleSide(commit: string): FileSide {
  return { mode: SUBMODULE, id: commit, bytes: utf8Encoder().encode(`Subproject commit ${commit}\n`) };
}
