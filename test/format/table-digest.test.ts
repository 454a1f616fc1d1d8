import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTestLedger } from "../../src/testing/index.ts";
import { seededRandom } from "../seeded-random.ts";

const PROGRAM = join(import.meta.dirname, "table_digest.py");

function hasPython(): boolean {
  try {
    execFileSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]);
    return true;
  } catch {
    return false;
  }
}

/** Returns a cell in the form of the program in Python. */
function toProgram(cell: unknown): unknown {
  if (cell === undefined || cell === null) return null;
  if (typeof cell === "number") {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, cell, true);
    return ["number", Buffer.from(bytes).toString("hex")];
  }
  if (typeof cell === "bigint") return ["bigint", `${cell}`];
  if (typeof cell !== "object") return cell;
  if (cell instanceof Date) return ["date", cell.getTime()];
  if (cell instanceof Uint8Array) return ["bytes", Buffer.from(cell).toString("hex")];
  if (Array.isArray(cell)) return ["list", cell.map(toProgram)];
  return ["object", Object.fromEntries(Object.entries(cell).map(([key, value]) => [key, toProgram(value)]))];
}

const ATOMS: readonly unknown[] = [
  null,
  undefined,
  true,
  false,
  "",
  "x",
  "ü",
  "\u{1f600}",
  "\uffee",
  "\ud800",
  "ü\udc00\ud801",
].concat(
  [0, -0, 1.5, 5e-324, -1e308, Infinity, Number.NaN, 0n, -7n, 2n ** 53n, -(2n ** 64n)] as never[],
  [new Date(0), new Date(-1.5e12), new Uint8Array(), Uint8Array.of(0, 255)] as never[],
);

test.skipIf(!hasPython())(
  "a program written from FORMAT.md computes the digests that the library computes",
  async () => {
    const random = seededRandom(31);
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
    const cell = (depth: number): unknown => {
      const kind = random();
      if (depth > 2 || kind < 0.8) return pick(ATOMS);
      const size = Math.floor(random() * 4);
      if (kind < 0.9) return Array.from({ length: size }, () => cell(depth + 1));
      return Object.fromEntries(
        Array.from({ length: size }, () => [
          pick(["a", "b", "\uffee", "\u{1f600}", "\ud800", "\udfff"]),
          cell(depth + 1),
        ]),
      );
    };
    const tables = Array.from({ length: 60 }, () => {
      const rows = Math.floor(random() * 5);
      const names = ["a", "b", "ü", "\uffee", "\u{1f600}", "x y"].filter(() => random() < 0.6);
      return Object.fromEntries(names.map((name) => [name, Array.from({ length: rows }, () => cell(0))]));
    }).filter((table) => Object.keys(table).length > 0);
    const { ledger } = await createTestLedger();
    const run = await ledger.startRun();
    const ours: string[] = [];
    for (const table of tables) ours.push((await run.logDataset("t", table)).digest);
    const input = tables.map((table) => ({
      rows: Object.values(table)[0]!.length,
      columns: Object.fromEntries(Object.entries(table).map(([name, cells]) => [name, cells.map(toProgram)])),
    }));
    const theirs: unknown = JSON.parse(execFileSync("python3", [PROGRAM], { input: JSON.stringify(input) }).toString());
    expect(ours).toEqual(theirs);
    const example = await run.logDataset("t", { b: ["x", null], a: [1, -0] });
    expect(readFileSync(join(import.meta.dirname, "../../FORMAT.md"), "utf8")).toContain(example.digest);
  },
);
