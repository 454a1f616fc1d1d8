import { describe, expect, test } from "vitest";
import { ConsoleBuffer } from "../../src/node/console/console-buffer.ts";
import { decodeConsoleLine } from "../../src/journal/console-lines.ts";
import { encodeLines } from "../../src/node/console/encode-lines.ts";
import { systemClock } from "../../src/platform/clock.ts";

const RETURN = "\r";
const ESCAPE = "\u001b[";

function linesOf(...writes: readonly string[]): string[] {
  const buffer = new ConsoleBuffer(systemClock, 1_000_000);
  for (const text of writes) buffer.add("stdout", text);
  return buffer.takeLast().map(({ text }) => text);
}

describe("a line that is overwritten is stored as it was in the end", () => {
  const refreshes = Array.from({ length: 20_000 }, (_, i) => `step ${i} of 20000 ${"#".repeat(30)}`);

  test.each([
    ["a carriage return before", refreshes.map((text) => RETURN + text)],
    ["a carriage return behind", refreshes.map((text) => text + RETURN)],
    ["a cleared line", refreshes.map((text) => `${RETURN}${ESCAPE}2K${text}`)],
    ["a cleared rest", refreshes.map((text) => `${RETURN}${ESCAPE}K${text}`)],
    ["a cursor in the first column", refreshes.map((text) => `${ESCAPE}2K${ESCAPE}1G${text}`)],
  ])("%s", (_what, writes) => {
    const buffer = new ConsoleBuffer(systemClock, 10_000);
    buffer.add("stdout", "first\n");
    for (const text of writes) buffer.add("stdout", text);
    expect(buffer.take().map(({ text }) => text)).toEqual(["first"]);
    buffer.add("stdout", "\nlast\n");
    expect(buffer.takeLast().map(({ text }) => text)).toEqual([refreshes.at(-1), "last"]);
    expect(linesOf(writes.join(""))).toEqual([refreshes.at(-1)]);
  });

  test("CRLF ends a line, also in two writes", () => {
    expect(linesOf("a\r\nb\r", "\nc\r\r\n\r\n", "d\r")).toEqual(["a", "b", "c", "", "d"]);
  });

  test("colours stay, and streams are apart", () => {
    expect(linesOf(`${ESCAPE}31mred${ESCAPE}0m\n`)).toEqual([`${ESCAPE}31mred${ESCAPE}0m`]);
    const buffer = new ConsoleBuffer(systemClock, 10_000);
    buffer.add("stdout", "50 %");
    buffer.add("stderr", "\rwarning\n");
    buffer.add("stdout", "\r100 %\n");
    expect(buffer.takeLast().map(({ text }) => text)).toEqual(["warning", "100 %"]);
  });

  test("a line without an end stays bounded", () => {
    const lines = linesOf(...Array.from({ length: 100 }, () => "x".repeat(1000)), "\r", "done\n");
    expect(lines.at(-1)).toBe("done");
    expect(lines.every(({ length }) => length <= 16 * 1024)).toBe(true);
  });

  test("the pieces of a long line say that they continue, and no token is cut in two", () => {
    const token = `ghp_${"aB3xY9kQ".repeat(5).slice(0, 36)}`;
    for (let before = 16_330; before < 16_390; before++) {
      const buffer = new ConsoleBuffer(systemClock, 1_000_000);
      const text = `${"x".repeat(before)} ${token} ${"😀".repeat(9000)}`;
      for (let from = 0; from < text.length; from += 1000) buffer.add("stderr", text.slice(from, from + 1000));
      // As if each piece was stored alone.
      const lines = buffer.takeLast().map((line) => decodeConsoleLine(encodeLines([line])));
      expect(lines.map((line) => line?.continues)).toEqual([true, true, undefined]);
      expect(lines.map((line) => line?.text).join("")).toBe(text.replace(token, "[redacted]"));
    }
  });
});

test("no line of a private key is kept, wherever its lines are separated", () => {
  const [dashes, body] = ["-----", "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUhunter2"];
  const key = [
    `${dashes}BEGIN OPENSSH PRIVATE KEY${dashes}`,
    body,
    `${body}==`,
    `${dashes}END OPENSSH PRIVATE KEY${dashes}`,
  ];
  const buffer = new ConsoleBuffer(systemClock, 1_000_000);
  const stored = key.flatMap((line) => {
    buffer.add("stderr", `${line}\n`);
    buffer.add("stdout", "step 1\n");
    return buffer.take().map(({ text }) => text);
  });
  expect(stored).toEqual(Array.from({ length: 4 }, () => ["[redacted]", "step 1"]).flat());
  // What follows, and what cannot be part of a key, is kept.
  expect(linesOf(`${key.join("\n")}\nepoch 1\n`).at(-1)).toBe("epoch 1");
  expect(linesOf(`${key[0]}\n(no key)\nepoch 1\n`)).toEqual(["[redacted]", "(no key)", "epoch 1"]);
});
