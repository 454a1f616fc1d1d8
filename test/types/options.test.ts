import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const source = join(import.meta.dirname, "../../src");

/** Interfaces that callers fill in. Parameters written out in a signature count as well. */
const FILLED_IN =
  /(Options|Query|Selection|DatasetReference|LogPosition|MetricDefinition|S3Location|AccessKeys|S3Credentials|Harness|Fault|Pixels|SourceFile|ByteStream|ByteRange)$/;

/** Holds options that no caller sees. */
const INTERNAL: ReadonlySet<string> = new Set(["backends/fs/append.ts"]);

// With `exactOptionalPropertyTypes` a caller cannot write `{ step: maybe }` unless the property says `| undefined`.
test("every option takes undefined", async () => {
  const narrow: string[] = [];
  let seen = 0;
  for (const file of (await readdir(source, { recursive: true })).filter(
    (path) => path.endsWith(".ts") && !INTERNAL.has(path),
  )) {
    const text = readFileSync(join(source, file), "utf8");
    const visit = (node: ts.Node, filledIn: boolean): void => {
      if (ts.isInterfaceDeclaration(node)) filledIn = FILLED_IN.test(node.name.text);
      if (ts.isParameter(node)) filledIn = isPublic(node);
      if (filledIn && ts.isPropertySignature(node) && node.questionToken && node.type) {
        seen++;
        const type = node.type.getText();
        if (type !== "unknown" && !/\bundefined$/.test(type)) narrow.push(`${file}: ${node.name.getText()}?: ${type}`);
      }
      ts.forEachChild(node, (child) => visit(child, filledIn));
    };
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true), false);
  }
  expect(seen).toBeGreaterThan(100);
  expect(narrow).toEqual([]);
});

/** Of a method that is not private, in an exported class or interface. */
function isPublic(parameter: ts.ParameterDeclaration): boolean {
  const method = parameter.parent;
  if (!ts.isMethodDeclaration(method) && !ts.isMethodSignature(method)) return false;
  const owner = method.parent;
  const isExported =
    (ts.isClassDeclaration(owner) || ts.isInterfaceDeclaration(owner)) &&
    (owner.modifiers ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  return isExported && !ts.isPrivateIdentifier(method.name);
}
