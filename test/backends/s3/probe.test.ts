import { describe, expect, test } from "vitest";
import { probeConditionalWrites, s3Backend } from "../../../src/backends/s3/index.ts";
import { rounds } from "../../rounds.ts";
import { FakeS3, S3Error, errorResponse } from "../../servers/fake-s3.ts";
import { openLedger } from "../../../src/index.ts";
import { failureOf, isGet, isPut, keys, onFake, place, quickClock, text } from "./place.ts";

/** The cases in which the probe finds nothing wrong. */
const RACES = 13;
const PUTS = 9 + 2 * (RACES - 1);
const PLACES = rounds(4, 100);

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

  test("runs once for a bucket and prefix, at the first create, and never for a reader", async () => {
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
    expect(probes()).toBe(RACES);
    expect(reader.capabilities.exclusiveCreate).toBe(true);
    await open("b").probe();
    expect(probes()).toBe(2 * RACES);
    // Eight and one, the look and the removal; then two each time.
    expect(fake.calls.filter(({ key }) => key.startsWith("a/.probe/"))).toHaveLength(11 + 4 * (RACES - 1));
  });

  test("on AWS is one race, because its behaviour is documented", async () => {
    const fake = new FakeS3();
    expect(await s3Backend({ ...onFake(fake), endpoint: undefined }).probe()).toBe("atomic");
    expect(fake.calls).toHaveLength(11);
  });

  test("races many times with bodies of several sizes, the largest most often, 16 MiB in all", async () => {
    const fake = new FakeS3();
    await s3Backend(onFake(fake)).probe();
    const sizes = fake.calls.filter(isPut).map(({ body }) => body.length);
    expect(new Set(sizes).size).toBeGreaterThanOrEqual(5);
    expect(sizes.filter((size) => size === 1024 * 1024)).toHaveLength(14);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(16.5 * 1024 * 1024);
  });

  test("sends no long bodies to a bucket that keeps versions, and fewer over a slow connection", async () => {
    const long = (fake: FakeS3): number => fake.calls.filter((call) => isPut(call) && call.body.length > 65_536).length;
    const versioned = new FakeS3();
    const withVersion: typeof fetch = async (input, init) => {
      const answer = await versioned.fetch(input, init);
      answer.headers.set("x-amz-version-id", "v1");
      return answer;
    };
    expect(await s3Backend(onFake(versioned, { fetch: withVersion })).probe()).toBe("atomic");
    expect(long(versioned)).toBe(0);
    const behind = new FakeS3();
    const clock = quickClock();
    const slow: typeof fetch = async (input, init) => {
      clock.advance((init?.body as Uint8Array | undefined)?.length === 1024 * 1024 ? 2000 : 10);
      return await behind.fetch(input, init);
    };
    expect(await s3Backend(onFake(behind, { fetch: slow, clock })).probe()).toBe("atomic");
    expect(long(behind)).toBe(2);
  });

  test(`finds a rare race: ${PLACES} places, never atomic`, async () => {
    for (let place = 0; place < PLACES; place++) {
      const fake = new FakeS3();
      let races = 0;
      // Most of the races with two long bodies show it, and none of the others.
      const now: typeof fetch = async (input, init) => {
        const answer = await fake.fetch(input, init);
        const isLong = (init?.body as Uint8Array | undefined)?.length === 1024 * 1024;
        return isLong && answer.status === 412 && ++races % 4 !== place % 4
          ? new Response(null, { status: 200 })
          : answer;
      };
      expect(await s3Backend(onFake(fake, { fetch: now })).probe()).toBe("racy");
    }
  });

  test("sends each request with the condition and its own bytes", async () => {
    const fake = new FakeS3();
    await s3Backend(onFake(fake)).probe();
    const puts = fake.calls.filter(isPut);
    expect(puts).toHaveLength(PUTS);
    expect(new Set(puts.map(({ headers }) => headers.get("if-none-match")))).toEqual(new Set(["*"]));
    expect(new Set(puts.map(({ body }) => Buffer.from(body.subarray(0, 64)).toString("base64"))).size).toBe(PUTS);
  });

  test("begins again after a fault in the race, and never calls that atomic", async () => {
    for (const fault of ["reset", "lost-ack", "error-after", "slow-down"] as const) {
      const fake = new FakeS3();
      fake.fail(fault, isPut);
      const backend = s3Backend(onFake(fake));
      expect(await backend.probe()).toBe("atomic");
      expect(fake.calls.filter(isPut)).toHaveLength(9 + PUTS);
    }
  });

  test("takes conflicts for lost races, but needs a winner", async () => {
    const conflict = (): ReturnType<typeof errorResponse> =>
      errorResponse(new S3Error(409, "ConditionalRequestConflict"));
    const fake = new FakeS3();
    fake.fail(conflict, isPut, 7);
    expect(await s3Backend(onFake(fake, { prefix: "a" })).probe()).toBe("atomic");
    expect(fake.calls.filter(isPut)).toHaveLength(PUTS);
    fake.fail(conflict, isPut, 9);
    expect(await s3Backend(onFake(fake, { prefix: "b" })).probe()).toBe("atomic");
    expect(fake.calls.filter(isPut)).toHaveLength(PUTS + 9 + PUTS);
  });

  test("calls a store racy whose object is not the winner's", async () => {
    const fake = new FakeS3();
    fake.fail(() => ({ status: 200, headers: { etag: '"e"' }, body: text("another") }), isGet);
    expect(await s3Backend(onFake(fake)).probe()).toBe("racy");
  });

  test("without a result is UNAVAILABLE; a create continues, checks the key first, and sends the condition", async () => {
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

  test("that is forbidden does not prevent a create", async () => {
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

  test("is not listed, even if its object stays", async () => {
    const { fake, backend } = await place();
    fake.bucket().objects.set(".probe/left-over", text("x"));
    expect(await keys(backend)).toEqual([]);
  });
});

describe("conditionalWrites", () => {
  test.each(["atomic", "none"] as const)("%s is believed: nothing is probed", async (conditionalWrites) => {
    const fake = new FakeS3();
    const backend = s3Backend(onFake(fake, { conditionalWrites }));
    expect(backend.capabilities.exclusiveCreate).toBe(conditionalWrites === "atomic");
    expect(await probeConditionalWrites(backend)).toBe(conditionalWrites);
    await backend.create("k", text("x"));
    expect(await failureOf(backend.create("k", text("y")))).toMatchObject({ code: "EXISTS" });
    expect(fake.calls.filter(({ key }) => key.includes(".probe/"))).toEqual([]);
    const conditions = fake.calls.filter(isPut).map(({ headers }) => headers.get("if-none-match"));
    expect(new Set(conditions)).toEqual(new Set([conditionalWrites === "atomic" ? "*" : undefined]));
    // It concerns only this handle.
    expect(s3Backend(onFake(fake)).capabilities.exclusiveCreate).toBe(false);
  });

  test("atomic on a store that refuses them is an error that names the option", async () => {
    const fake = new FakeS3({ ifNoneMatch: "refused" });
    const backend = s3Backend(onFake(fake, { conditionalWrites: "atomic" }));
    expect(await failureOf(backend.create("k", text("x")))).toMatchObject({
      code: "UNSUPPORTED",
      field: "conditionalWrites",
      message: expect.stringContaining('conditionalWrites is "atomic"'),
    });
    expect(fake.bucket().objects.size).toBe(0);
  });

  test("anything else is INVALID_ARGUMENT", () => {
    for (const conditionalWrites of ["racy", true, null])
      expect(() => s3Backend(onFake(new FakeS3(), { conditionalWrites } as never))).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", field: "conditionalWrites" }),
      );
  });

  test("with none, an exclusive session is refused with the reason", async () => {
    const fake = new FakeS3();
    const open = () => openLedger(s3Backend(onFake(fake, { conditionalWrites: "none" })));
    const { id } = await (await open()).startRun({ environment: false });
    expect(await failureOf((await open()).resumeRun(id, { mode: "exclusive" }))).toMatchObject({
      code: "UNSUPPORTED",
      field: "mode",
    });
  });
});

describe("checksums", () => {
  test.each(["required", "checked"] as const)("are in every object and part if they are %s", async (checksums) => {
    const fake = new FakeS3({ checksums });
    const backend = s3Backend(onFake(fake));
    await backend.create("k", text("x"));
    await backend.create("big", new Uint8Array(11 * 1024 * 1024));
    expect(await backend.stat("big")).toEqual({ size: 11 * 1024 * 1024 });
    const puts = fake.calls.filter(isPut);
    expect(puts.filter(({ headers }) => headers.has("x-amz-checksum-sha256"))).toHaveLength(puts.length);
  });

  test("are left out after a store has refused them", async () => {
    const fake = new FakeS3({ checksums: "refused" });
    const backend = s3Backend(onFake(fake, { conditionalWrites: "atomic" }));
    await backend.create("big", new Uint8Array(11 * 1024 * 1024));
    await backend.create("k", text("x"));
    expect(await failureOf(backend.create("k", text("y")))).toMatchObject({ code: "EXISTS" });
    const refused = fake.calls.filter(({ headers }) =>
      [...headers.keys()].some((name) => name.startsWith("x-amz-checksum-")),
    );
    expect(refused).toHaveLength(1);
  });

  test("are left out with the condition if a store refuses both", async () => {
    const fake = new FakeS3({ checksums: "refused", ifNoneMatch: "refused" });
    const backend = s3Backend(onFake(fake));
    await backend.create("k", text("x"));
    expect(await backend.probe()).toBe("refused");
    expect(await backend.read("k")).toEqual(text("x"));
  });
});
