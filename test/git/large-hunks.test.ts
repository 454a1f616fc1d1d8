import { expect, test } from "vitest";
import { type PatchSection, parsePatch } from "../../src/provenance/patch/patch-sections.ts";
import { withholdSecrets } from "../../src/git/patch/withhold-secrets.ts";

const SECRET = "machine example.org\nlogin alice\npassword correcthorse9\n";

/** Returns the patch of a new file. */
function added(text: string): PatchSection[] {
  const lines = text.split("\n").slice(0, -1);
  const body = lines.map((line) => `+${line}\n`).join("");
  const header = "diff --git a/notes.txt b/notes.txt\nnew file mode 100644\n--- /dev/null\n+++ b/notes.txt\n";
  return parsePatch(new TextEncoder().encode(`${header}@@ -0,0 +1,${lines.length} @@\n${body}`));
}

const plain = (characters: number): string => "a line of a program\n".repeat(characters / 20);

test("a secret of several lines is found wherever a large hunk is cut", async () => {
  // Around the end of the first piece, which is a little beyond 32,768 characters.
  for (let before = 32_640; before <= 32_840; before += 20) {
    const { withheldHunks } = await withholdSecrets(added(plain(before) + SECRET + plain(2000)));
    expect(withheldHunks, `after ${before} characters`).toBe(1);
  }
});

test("a secret is found at any place of a line without an end", async () => {
  const token = `ghp_${"aB3".repeat(12)}`;
  for (let before = 65_480; before <= 65_560; before += 8) {
    const { withheldHunks } = await withholdSecrets(added(`${"x ".repeat(before / 2)}${token} ${"y ".repeat(4000)}\n`));
    expect(withheldHunks, `after ${before} characters`).toBe(1);
  }
});

test("a large hunk without secrets is kept, and other work runs meanwhile", async () => {
  let turns = 0;
  let isOver = false;
  const turn = (): void => void (turns++, isOver || setImmediate(turn));
  setImmediate(turn);
  const sections = added(plain(500_000));
  const kept = await withholdSecrets(sections);
  isOver = true;
  expect(kept).toEqual({ sections, withheldHunks: 0, withheldFiles: 0 });
  expect(turns).toBeGreaterThan(1);
});
