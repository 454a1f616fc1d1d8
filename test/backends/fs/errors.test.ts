import { expect, test } from "vitest";
import { LedgerError } from "../../../src/errors/ledger-error.ts";
import { toLedgerError } from "../../../src/backends/fs/errors.ts";

const system = (code: string): Error => Object.assign(new Error(`${code}: something`), { code });

test.each([
  ["ENOENT", "read", "NOT_FOUND", false],
  ["ENOENT", "move", "NOT_FOUND", false],
  ["ENOENT", "create", "IO", true],
  ["EEXIST", "create", "EXISTS", false],
  ["ENOTDIR", "create", "CONFLICT", false],
  ["EISDIR", "append", "CONFLICT", false],
  ["ENAMETOOLONG", "create", "INVALID_KEY", false],
  ["EACCES", "create", "PERMISSION_DENIED", false],
  ["EPERM", "remove", "PERMISSION_DENIED", false],
  ["EROFS", "append", "PERMISSION_DENIED", false],
  ["ENOSPC", "append", "NO_SPACE", false],
  ["EDQUOT", "create", "NO_SPACE", false],
  ["EFBIG", "append", "TOO_LARGE", false],
  ["EMFILE", "read", "UNAVAILABLE", true],
  ["EBUSY", "remove", "UNAVAILABLE", true],
  ["EAGAIN", "list", "UNAVAILABLE", true],
  ["EIO", "read", "IO", false],
  ["EWHATEVER", "read", "IO", false],
])("%s on %s is %s, transient: %s", (code, operation, expected, transient) => {
  const cause = system(code);
  const error = toLedgerError(cause, operation, "a/b");
  expect(error).toMatchObject({ code: expected, transient, key: "a/b", operation, cause });
  expect(error.message).toContain('"a/b"');
});

test("a LedgerError stays the same; too large for memory is TOO_LARGE; anything else becomes a LedgerError", () => {
  const own = new LedgerError("EXISTS", "x", { key: "k" });
  expect(toLedgerError(own, "read", "a")).toBe(own);
  expect(toLedgerError(new RangeError("Array buffer allocation failed"), "read", "a")).toMatchObject({
    code: "TOO_LARGE",
  });
  for (const thrown of [undefined, null, "text", 5, {}])
    expect(toLedgerError(thrown, "read", "a")).toMatchObject({ code: "IO", key: "a" });
});
