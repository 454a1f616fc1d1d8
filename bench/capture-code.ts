import { answer, isMain } from "./child.ts";
import { captureGit, captureSources } from "./library.ts";
import { type Blocking, longestBlock } from "./longest-block.ts";

/** What captures the code. */
export type CodeCapture = "git" | "isomorphic-git" | "archive";

/** How many calls follow the first one. */
export const CALLS = 12;

/** The first call of a process, and later ones. */
export interface CodeCost {
  readonly first: Blocking;
  readonly later: readonly Blocking[];
}

async function measure(kind: CodeCapture, directory: string, changed: number): Promise<CodeCost> {
  const capture = async (): Promise<void> => {
    const found =
      kind === "archive" ? await captureSources({ directory }) : await captureGit({ directory, engine: kind });
    if (kind === "archive" ? !found?.archive : found?.dirty !== true || found.changes.length !== changed)
      throw new Error(`the snapshot is ${JSON.stringify({ ...found, patch: undefined, archive: undefined })}`);
  };
  const first = await longestBlock(capture);
  const later: Blocking[] = [];
  for (let i = 0; i < CALLS; i++) later.push(await longestBlock(capture));
  return { first, later };
}

if (isMain(import.meta.url)) {
  const [, , kind, directory, changed] = process.argv;
  answer(await measure(kind as CodeCapture, directory!, Number(changed)));
}
