import { describe, expect, test } from "vitest";
import { probeConditionalWrites, s3Backend } from "../../../src/backends/s3/index.ts";
import { FakeS3, S3Error, errorResponse } from "../../servers/fake-s3.ts";
import { failureOf, isGet, isPut, keys, onFake, place, text } from "./place.ts";

describe("the probe", () => {
  test.each(["atomic", "racy", "ignored", "refused"] as const)(
    "finds out that conditions are %s, and leaves nothing",
    async (ifNoneMatch) => {
      const fake = new FakeS3({ ifNoneMatch });
      const backend = s3Backend(onFake(fake));
      expect(backend.capabilities.exclusiveCreate).toBe(false);
      expect(await probeConditionalWrites(backend)).toBe(ifNoneMatch);
      expect(backend.capabilities).toEqual({
        append: false,
        exclusiveCreate: ifNoneMatch === "atomic",
        durable: true,
        move: false,
      });
      expect(fake.bucket().objects.size).toBe(0);
      await backend.create("k", text("first"));
      expect(await failureOf(backend.create("k", text("second")))).toMatchObject({ code: "EXISTS", key: "k" });
      expect(await backend.read("k")).toEqual(text("first"));
    },
  );

  test("is made once for a bucket and prefix, by the first create, and never by a reader", async () => {
    const fake = new FakeS3();
    const open = (prefix: string): ReturnType<typeof s3Backend> => s3Backend(onFake(fake, { prefix }));
    const probes = (): number =>
      new Set(fake.calls.filter(({ key }) => key.includes(".probe/")).map(({ key }) => key)).size;
    const reader = open("a");
    await failureOf(reader.read("k"));
    await reader.stat("k");
    await keys(reader);
    await reader.remove("k");
    expect(probes()).toBe(0);
    const writers = [open("a"), open("a"), open("a")];
    await Promise.all(writers.map((writer, i) => writer.create(`k${i}`, text("x"))));
    await reader.create("k", text("x"));
    expect(probes()).toBe(1);
    expect(reader.capabilities.exclusiveCreate).toBe(true);
    await open("b").probe();
    expect(probes()).toBe(2);
    expect(fake.calls.filter(({ key }) => key.startsWith("a/.probe/"))).toHaveLength(11);
  });

  test("asks each racer with the condition, and with bytes of its own", async () => {
    const fake = new FakeS3();
    await s3Backend(onFake(fake)).probe();
    const puts = fake.calls.filter(isPut);
    expect(puts).toHaveLength(9);
    expect(new Set(puts.map(({ headers }) => headers.get("if-none-match")))).toEqual(new Set(["*"]));
    expect(new Set(puts.map(({ body }) => Buffer.from(body).toString("base64"))).size).toBe(9);
  });

  test("begins again after a fault in the race, and never calls that atomic", async () => {
    for (const fault of ["reset", "lost-ack", "error-after", "slow-down"] as const) {
      const fake = new FakeS3();
      fake.fail(fault, isPut);
      const backend = s3Backend(onFake(fake));
      expect(await backend.probe()).toBe("atomic");
      expect(fake.calls.filter(isPut)).toHaveLength(18);
    }
  });

  test("takes conflicts for lost races, but needs a winner", async () => {
    const conflict = (): ReturnType<typeof errorResponse> =>
      errorResponse(new S3Error(409, "ConditionalRequestConflict"));
    const fake = new FakeS3();
    fake.fail(conflict, isPut, 7);
    expect(await s3Backend(onFake(fake, { prefix: "a" })).probe()).toBe("atomic");
    expect(fake.calls.filter(isPut)).toHaveLength(9);
    fake.fail(conflict, isPut, 9);
    expect(await s3Backend(onFake(fake, { prefix: "b" })).probe()).toBe("atomic");
    expect(fake.calls.filter(isPut)).toHaveLength(9 + 18);
  });

  test("calls a store racy whose object is not the winner's", async () => {
    const fake = new FakeS3();
    fake.fail(() => ({ status: 200, headers: { etag: '"e"' }, body: text("another") }), isGet);
    expect(await s3Backend(onFake(fake)).probe()).toBe("racy");
  });

  test("that comes to no end is UNAVAILABLE; a create goes on, looks first, and sends the condition", async () => {
    const fake = new FakeS3();
    const backend = s3Backend(onFake(fake));
    const raced = ({ method, key }: { method: string; key: string }): boolean =>
      method === "PUT" && key.includes(".probe/");
    let n = 0;
    fake.fail("reset", (call) => raced(call) && n++ % 2 === 0, Infinity);
    expect(await failureOf(backend.probe())).toMatchObject({ code: "UNAVAILABLE", transient: true });
    await backend.create("k", text("x"));
    expect(fake.calls.at(-1)?.headers.get("if-none-match")).toBe("*");
    expect(fake.calls.at(-2)?.headers.get("range")).toBe("bytes=0-0");
    expect(backend.capabilities.exclusiveCreate).toBe(false);
    const before = fake.calls.length;
    expect(await failureOf(backend.create("k", text("x")))).toMatchObject({ code: "EXISTS" });
    expect(fake.calls).toHaveLength(before + 1); // no probe for each create
  });

  test("that is forbidden does not forbid a create", async () => {
    const fake = new FakeS3();
    fake.fail(
      () => errorResponse(new S3Error(403, "AccessDenied")),
      ({ key }) => key.includes(".probe/"),
      Infinity,
    );
    const backend = s3Backend(onFake(fake));
    await backend.create("k", text("x"));
    expect(await failureOf(backend.create("k", text("y")))).toMatchObject({ code: "EXISTS" });
    expect(await failureOf(backend.probe())).toMatchObject({ code: "PERMISSION_DENIED" });
  });

  test("is not listed, even when its object stays", async () => {
    const { fake, backend } = await place();
    fake.bucket().objects.set(".probe/left-over", text("x"));
    expect(await keys(backend)).toEqual([]);
  });
});
