import { expect, test } from "vitest";
import { summariseError } from "../../src/run/error-summary.ts";

const stackOf = (error: unknown): string => summariseError(error).stack ?? "";

test("causes are kept behind the stack, each with its own", () => {
  const reason = new RangeError("shapes differ", { cause: "a typo" });
  const error = new Error("epoch 3 failed", { cause: reason });
  const { name, message, stack } = summariseError(error);
  expect([name, message]).toEqual(["Error", "epoch 3 failed"]);
  expect(stack?.startsWith(error.stack!)).toBe(true);
  expect(stack).toContain("\n  [cause]: RangeError: shapes differ\n");
  expect(stack).toContain("\n    [cause]: a typo");
  expect(stackOf(new Error("alone"))).not.toContain("[");
});

test("the errors of an AggregateError are kept", () => {
  const stack = stackOf(new AggregateError([new Error("out of memory"), new Error("reset")], "all workers failed"));
  expect(stack).toContain("[errors[0]]: Error: out of memory");
  expect(stack).toContain("[errors[1]]: Error: reset");
});

test("an error without a stack, or with a stack that lacks the message, keeps its name and message as a cause", () => {
  const bare = new TypeError("first");
  delete bare.stack;
  const firefox = new TypeError("second", { cause: bare });
  firefox.stack = "f@file.js:1:2";
  const stack = stackOf(new Error("x", { cause: firefox }));
  expect(stack).toContain("[cause]: TypeError: second\n  f@file.js:1:2");
  expect(stack).toContain("[cause]: TypeError: first");
});

test("secrets are not kept in causes", () => {
  const cause = new Error("cannot open https://me:hunter2hunter2@example.com/x");
  expect(stackOf(new Error("x", { cause }))).not.toContain("hunter2");
});

test("circles, depth, count and length are bounded", () => {
  const circle: Error = new Error("circle");
  circle.cause = new Error("inner", { cause: circle });
  expect(stackOf(circle)).toContain("[cause]: [Circular]");

  let deep = new Error("level 0");
  for (let i = 1; i < 100; i++) deep = new Error(`level ${i}`, { cause: deep });
  expect(stackOf(deep).match(/\[cause\]/g)).toHaveLength(5);

  const wide = new AggregateError(Array.from({ length: 1000 }, (_, i) => new Error(`e${i}`)));
  expect(stackOf(wide).match(/\[errors\[\d+\]\]/g)).toHaveLength(10);

  const long = new AggregateError(Array.from({ length: 10 }, () => new Error("m".repeat(1e6))));
  expect(stackOf(long).length).toBeLessThan(50_000);
});

test("properties that throw, proxies and strange values do no harm", () => {
  const revoked = Proxy.revocable([], {});
  revoked.revoke();
  const refuse = new Proxy(new Error("p"), {
    get: () => {
      throw new Error("no");
    },
  });
  const getter = Object.defineProperty(new Error("g"), "cause", {
    get: () => {
      throw new Error("no");
    },
  });
  const unprintable: unknown = Object.create(null);
  for (const cause of [refuse, getter, unprintable, Symbol("s"), null, 1n, () => {}])
    expect(summariseError(new Error("outer", { cause }))).toMatchObject({ name: "Error", message: "outer" });
  for (const errors of [revoked.proxy, [refuse, getter], { length: 1e9 }, "text", 5, null])
    expect(summariseError(Object.assign(new Error("outer"), { errors })).message).toBe("outer");
});
