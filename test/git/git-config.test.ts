import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseGitConfig } from "../../src/git/portable/git-config.ts";

test.each([
  "[core]\n\tbare = false\n\tfilemode\n",
  '[Core]\nA = b ; comment\nB = c # comment\nC = "d ; e" f\n',
  '[remote "a.b c"]\n\turl = https://h/x\n\turl = y\n[remote.Old]\nurl=z\n',
  '[s "q\\"u\\\\o"]\nx = "a\\tb\\nc" \\\n  rest\n',
  "; first\n# second\n[a] b = c\n[a]d=\n[a]\n  e =   spaced   out   \n",
  '[a]\nb = "  kept  "\nc = x"y"z\nd = \\"quoted\\"\n',
  '[a ""]\nb = c\r\n[a]\r\nb = d\r\n',
])("%j", (text) => {
  const directory = mkdtempSync(join(tmpdir(), "runledger-config-"));
  try {
    writeFileSync(join(directory, "config"), text);
    const output = execFileSync("git", ["config", "--file", join(directory, "config"), "--list", "-z"]).toString();
    const expected = output
      .split("\0")
      .slice(0, -1)
      .map((entry) => [entry.split("\n", 1)[0], entry.includes("\n") ? entry.slice(entry.indexOf("\n") + 1) : "true"]);
    expect(parseGitConfig(text)).toEqual(expected);
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  }
});
