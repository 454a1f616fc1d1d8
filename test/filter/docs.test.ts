import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatFilter } from "../../src/filter/format-filter.ts";
import { parseFilter } from "../../src/filter/parse-filter.ts";

const text = readFileSync(join(import.meta.dirname, "../../docs/search.md"), "utf8");
const examples = /```sql\n([^]*?)```/.exec(text)![1]!.trim().split("\n");

test.each(examples)("docs/search.md: %s", (example) => {
  expect(formatFilter(parseFilter(example))).not.toBe("");
});

test.each([["metrics.a = 'x'"], ["params.a = 5 OR"], ["status IN ('failed')"]])(
  "docs/search.md has the error of %s",
  (filter) => {
    let message = "";
    try {
      parseFilter(filter);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(/^filter, character/);
    expect(text.split("\n")).toContain(message);
  },
);
