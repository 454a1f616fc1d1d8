import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { contract } from "../../src/conformance/index.ts";

const read = (path: string): string => readFileSync(new URL(`../../src/${path}`, import.meta.url), "utf8");

/** The comments of the seam, as running text. */
const seam = read("backend/backend.ts")
  .replaceAll(/^\s*(?:\/\*\*|\*\/|\*)? ?/gm, "")
  .replaceAll(/\s+/g, " ");

const folder = new URL("../../src/conformance/cases/", import.meta.url);
const cases = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), "utf8"));
const cited = new Set(
  [read("conformance/assertions.ts"), ...cases].flatMap((code) =>
    [...code.matchAll(/\bcontract\.(\w+)/g)].map((match) => match[1]),
  ),
);

test.each(Object.entries(contract))("%s is a sentence of the seam, and a case rests on it", (name, sentence) => {
  expect(seam).toContain(sentence);
  expect(cited).toContain(name);
});
