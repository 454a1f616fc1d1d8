import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import type { Backend } from "../../src/index.ts";
import { createTestLedger } from "../../src/testing/index.ts";
import { sampled } from "../rounds.ts";

async function stored(backend: Backend): Promise<string> {
  let text = "";
  for await (const { key } of backend.list("")) text += new TextDecoder().decode(await backend.read(key));
  return text;
}

const SECRET = "hunter2hunter2";

test("errors that fail a run, and environments, reach no stored byte with their secrets", async () => {
  const { ledger, backend } = await createTestLedger();
  const failed = await ledger.startRun({
    environment: { argv: ["node", "train.js", `--token=${SECRET}`], env: { API_KEY: SECRET }, host: "a" },
  });
  const error = new Error(`cannot reach https://ann:${SECRET}@host/x?password=${SECRET}`);
  error.name = `Error password=${SECRET}`;
  await failed.fail(error);
  const message = `Authorization: Bearer ${SECRET}`;
  await expect(
    ledger.withRun({}, () => {
      throw new TypeError(message);
    }),
  ).rejects.toThrow(message);
  const thrown = await ledger.startRun();
  await thrown.fail(`token=${SECRET}`);
  expect(await stored(backend)).not.toContain(SECRET);
  const { error: kept, environment } = await ledger.getRun(failed.id);
  expect(kept?.message).toBe("cannot reach https://[redacted]@host/x?password=[redacted]");
  expect(kept?.stack).toContain("redaction.test.ts");
  expect(environment).toEqual({
    argv: ["node", "train.js", "--token=[redacted]"],
    env: { API_KEY: "[redacted]" },
    host: "a",
  });
});

test("an error that cannot be read, or is far too long, fails the run all the same", async () => {
  const { ledger } = await createTestLedger();
  const throwing = (): never => {
    throw new Error("no");
  };
  const hostile = Object.defineProperties(new Error("x"), {
    stack: { value: 5 },
    message: { get: throwing },
    name: { value: { toString: throwing } },
  });
  const cases: [unknown, object][] = [
    [hostile, { name: "", message: "" }],
    [new Proxy({}, { get: throwing, getPrototypeOf: throwing }), { message: "" }],
    [Object.create(null), { message: "" }],
    [new Error(`${"x".repeat(9990)} password=${SECRET}${SECRET}`), { message: expect.not.stringContaining("hunter") }],
    [new Error("a\ud83d"), { message: "a\ufffd" }],
    [undefined, { name: "undefined", message: "undefined" }],
  ];
  for (const [error, kept] of cases) {
    const run = await ledger.startRun();
    await run.fail(error);
    const record = await ledger.getRun(run.id);
    expect(record.status).toBe("failed");
    expect(record.error).toMatchObject(kept);
  }
});

test.each(sampled(["--api-key", "--password", "--secret", "--auth", "--client-secret"], 4))(
  "what execFileSync throws of a command with %s is kept without the value",
  async (flag) => {
    const { ledger, backend } = await createTestLedger();
    for (const args of [[flag, SECRET], [`${flag}=${SECRET}`]]) {
      const run = await ledger.startRun();
      let thrown: unknown;
      try {
        execFileSync(process.execPath, ["-e", "process.exit(1)", "--", ...args], { stdio: "ignore" });
      } catch (error) {
        thrown = error;
      }
      expect((thrown as Error).message).toContain(SECRET);
      await run.fail(thrown);
      expect((await ledger.getRun(run.id)).error?.message).toContain(`-- ${flag}`);
    }
    expect(await stored(backend)).not.toContain(SECRET);
  },
);
