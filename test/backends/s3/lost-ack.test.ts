import { describe, expect, test } from "vitest";
import { createOrMatch } from "../../../src/backend/create-or-match.ts";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import { sampled } from "../../rounds.ts";
import { FakeS3, S3Error, errorResponse } from "../../servers/fake-s3.ts";
import { FAULTS, failureOf, isGet, isPut, onFake, place, text } from "./place.ts";

describe("a create whose answer is lost", () => {
  test.each(FAULTS)("%s: the object is stored once and the call resolves", async (fault) => {
    const { fake, backend } = await place();
    fake.fail(fault, isPut);
    await backend.create("k", text("mine"));
    expect(fake.bucket().objects.get("k")).toEqual(text("mine"));
  });

  test.each(
    sampled(
      FAULTS.flatMap((first) => FAULTS.map((second) => [first, second] as const)),
      5,
    ),
  )("%s, then %s", async (first, second) => {
    const { fake, backend } = await place();
    fake.fail(first, isPut);
    fake.fail(second, ({ method }) => method === "PUT" || method === "GET");
    await backend.create("k", text("mine"));
    expect(fake.bucket().objects.get("k")).toEqual(text("mine"));
  });

  test.each(FAULTS)("%s on another writer's object: EXISTS, and the object keeps its bytes", async (fault) => {
    const { fake, backend } = await place();
    await backend.create("k", text("theirs"));
    fake.fail(fault, isPut);
    expect(await failureOf(backend.create("k", text("mine")))).toMatchObject({ code: "EXISTS", key: "k" });
    expect(fake.bucket().objects.get("k")).toEqual(text("theirs"));
  });

  test("an object with one byte more or less is another writer's", async () => {
    for (const other of ["mine+", "min", ""]) {
      const { fake, backend } = await place();
      fake.bucket().objects.set("k", text(other));
      fake.fail("reset", isPut);
      expect(await failureOf(backend.create("k", text("mine")))).toMatchObject({ code: "EXISTS" });
    }
  });

  test("an empty object is recognised, too", async () => {
    const { fake, backend } = await place();
    fake.fail("lost-ack", isPut);
    await backend.create("k", new Uint8Array());
    expect(fake.bucket().objects.get("k")).toEqual(new Uint8Array());
  });

  test("every attempt is stored and none is acknowledged: the object is read back", async () => {
    const { fake, backend } = await place();
    fake.fail("error-after", isPut, 99);
    await backend.create("k", text("mine"));
    expect(fake.calls.filter(isPut).length).toBeGreaterThan(1);
  });

  test("nothing is ever answered: OUTCOME_UNKNOWN, and repeating the create settles it", async () => {
    const { fake, backend } = await place();
    fake.fail("lost-ack", isPut);
    fake.fail("reset", () => true, 8); // seven more attempts, and the look at the end
    const error = await failureOf(backend.create("k", text("mine")));
    expect(error).toMatchObject({ code: "OUTCOME_UNKNOWN", transient: true, key: "k" });
    const again = s3Backend(onFake(fake, { retry: { attempts: 100, totalMs: 1e9 } }));
    // The second call does not know the attempts of the first one. The caller does, and reads the object back.
    expect(await failureOf(again.create("k", text("mine")))).toMatchObject({ code: "EXISTS" });
    expect(await again.read("k")).toEqual(text("mine"));
  });

  test("a final refusal after an unclear attempt does not claim that nothing is stored", async () => {
    const { fake, backend } = await place();
    const denied = (): ReturnType<typeof errorResponse> => errorResponse(new S3Error(403, "AccessDenied"));
    fake.fail("reset", isPut);
    fake.fail(denied, isPut);
    expect(await failureOf(backend.create("k", text("mine")))).toMatchObject({
      code: "OUTCOME_UNKNOWN",
      cause: { code: "PERMISSION_DENIED" },
    });
    fake.fail("lost-ack", isPut);
    fake.fail(denied, isPut);
    await backend.create("l", text("mine"));
  });

  test("412 after an unclear attempt, and the object is gone again: one more attempt", async () => {
    const { fake, backend } = await place();
    fake.fail("reset", isPut);
    fake.fail(() => errorResponse(new S3Error(412, "PreconditionFailed")), isPut);
    await backend.create("k", text("mine"));
    expect(fake.bucket().objects.get("k")).toEqual(text("mine"));
  });

  test("no connection at all: UNAVAILABLE, because nothing can have been stored", async () => {
    const refused = async (): Promise<Response> => {
      throw new TypeError("fetch failed", { cause: Object.assign(new Error("connect"), { code: "ECONNREFUSED" }) });
    };
    const backend = s3Backend(onFake(new FakeS3(), { fetch: refused }));
    const error = await failureOf(backend.create("k", text("mine")));
    expect(error).toMatchObject({
      code: "UNAVAILABLE",
      transient: true,
      key: "k",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });
});

describe.each(["refused", "ignored"] as const)("if conditions are %s", (ifNoneMatch) => {
  test.each(FAULTS)("%s: the object is stored and the call resolves", async (fault) => {
    const { fake, backend } = await place({ ifNoneMatch });
    fake.fail(fault, isPut);
    await backend.create("k", text("mine"));
    expect(fake.bucket().objects.get("k")).toEqual(text("mine"));
    expect(await failureOf(backend.create("k", text("other")))).toMatchObject({ code: "EXISTS" });
    expect(fake.bucket().objects.get("k")).toEqual(text("mine"));
  });
});

test.each(FAULTS)("reads, sizes, listings and removals survive %s", async (fault) => {
  const { fake, backend } = await place();
  await backend.create("d/k", text("content"));
  const struck = async <T>(work: () => Promise<T>): Promise<T> => {
    fake.fail(fault, () => true, 2);
    return work();
  };
  expect(await struck(() => backend.read("d/k"))).toEqual(text("content"));
  expect(await struck(() => backend.read("d/k", { range: { offset: 3, length: 2 } }))).toEqual(text("te"));
  expect(await struck(() => backend.stat("d/k"))).toEqual({ size: 7 });
  expect((await struck(() => backend.list("d")[Symbol.asyncIterator]().next())).value).toEqual({ key: "d/k", size: 7 });
  await struck(() => backend.remove("d/k"));
  expect(fake.bucket().objects.size).toBe(0);
});

test("six writers behind random faults: nothing lost, nothing twice", async () => {
  const { fake } = await place();
  let state = 7;
  const random = (): number => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff;
  let struck = 0;
  fake.fail("lost-ack", (call) => isPut(call) && random() < 0.3 && ++struck > 0, Infinity);
  fake.fail("error-before", (call) => (isPut(call) || isGet(call)) && random() < 0.2, Infinity);
  const writers = Array.from({ length: 6 }, async (_, w) => {
    const backend = s3Backend(onFake(fake));
    // Each writer appends to one common log. A number is free until a writer has it.
    let next = 0;
    for (let i = 0; i < 25; i++) {
      for (;;) {
        const entry = text(`${w}:${i}:${random()}`);
        const key = `log/${String(next++).padStart(4, "0")}`;
        const isOwn = await backend.create(key, entry).then(
          () => true,
          async (error: { code: string }) => {
            // In one of some thousand creates, all attempts fail. Repeating it with the same key and bytes shows the
            // outcome.
            if (error.code === "OUTCOME_UNKNOWN") return await createOrMatch(backend, key, entry, undefined);
            expect(error.code).toBe("EXISTS");
            return false;
          },
        );
        if (isOwn) break;
      }
    }
  });
  await Promise.all(writers);
  const entries = [...fake.bucket().objects]
    .filter(([key]) => key.startsWith("log/"))
    .map(([, value]) => new TextDecoder().decode(value));
  const ids = entries.map((entry) => entry.split(":").slice(0, 2).join(":"));
  expect(struck).toBeGreaterThan(20);
  expect(ids).toHaveLength(150);
  expect(new Set(ids).size).toBe(150);
});
