import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isFull } from "../rounds.ts";
import { blocksOf, documents, isProgram, pathIn } from "./blocks.ts";

const root = join(import.meta.dirname, "../..");
const programs = documents(root)
  .flatMap((document) => blocksOf(root, document))
  .filter(isProgram);

let place: string;
beforeAll(async () => {
  await mkdir(join(root, ".tmp"), { recursive: true });
  place = await mkdtemp(join(root, ".tmp", "types-"));
  for (const block of programs) {
    await mkdir(dirname(pathIn(place, block)), { recursive: true });
    await writeFile(pathIn(place, block), block.code);
  }
});
afterAll(() => rm(place, { recursive: true, force: true, maxRetries: 10 }));

// The compiler reads the library's source, which takes longer than all the programs do.
test.skipIf(!isFull)("every program in the documents compiles", { timeout: 120_000 }, () => {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  // A reader's own settings may be looser than ours; what they see as an error is what counts.
  Object.assign(options, { isolatedDeclarations: false, declaration: false, noUnusedLocals: false });
  const typed = programs.filter(({ language }) => language === "ts");
  const program = ts.createProgram(
    typed.map((block) => pathIn(place, block)),
    options,
  );
  const faults = typed.flatMap((block) => {
    // Of the programs alone: checking the library's source too takes five times as long.
    const file = program.getSourceFile(pathIn(place, block))!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ start, messageText }) => {
        const line = block.line + file.getLineAndCharacterOfPosition(start ?? 0).line + 1;
        return `${block.document}:${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
      },
    );
  });
  expect(faults).toEqual([]);
});
