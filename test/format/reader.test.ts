import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeJson } from "../../src/bytes/json.ts";
import { differences } from "./compare.ts";
import { LIMITS, makeLedgers, RECIPES } from "./ledgers.ts";

const run = promisify(execFile);
const READER = join(import.meta.dirname, "reader.py");

async function isPythonThere(): Promise<boolean> {
  try {
    await run("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]);
    return true;
  } catch {
    return false;
  }
}

const reason = !existsSync(READER)
  ? "test/format/reader.py is not there"
  : (await isPythonThere())
    ? undefined
    : "there is no python3 of version 3.9 or later";

let place: string;
beforeAll(async () => void (place = await mkdtemp(join(tmpdir(), "runledger-format-"))));
afterAll(async () => await rm(place, { recursive: true, force: true }));

test.skipIf(reason !== undefined).each(RECIPES)(
  `a reader written from FORMAT.md reads what the library reads: $name${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  { timeout: 180_000 },
  async (recipe) => {
    const [folder] = await makeLedgers(place, [recipe]);
    const { stdout } = await run("python3", [READER, join(folder!, "ledger")], { maxBuffer: LIMITS.chars });
    const wanted = decodeJson(await readFile(join(folder!, "expected.json"), "utf8"), LIMITS);
    expect(differences(wanted, decodeJson(stdout, LIMITS))).toEqual([]);
  },
);
