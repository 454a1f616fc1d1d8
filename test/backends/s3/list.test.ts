import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import { FakeS3 } from "../../servers/fake-s3.ts";
import { failureOf, keys, onFake, place, text } from "./place.ts";

describe("list", () => {
  test("yields all pages, each key once, in order", async () => {
    const { fake, backend } = await place({ maxKeys: 7 });
    const all = Array.from({ length: 40 }, (_, i) => `d/${String(i).padStart(3, "0")}`);
    for (const key of all.toReversed()) fake.bucket().objects.set(key, text(key));
    expect(await keys(backend)).toEqual(all);
    expect(fake.calls).toHaveLength(6);
    expect(await keys(backend, "d", "d/020")).toEqual(all.slice(21));
    expect(await keys(backend, "d", "d/020x")).toEqual(all.slice(21));
    expect(await keys(backend, "d", "a")).toEqual(all);
    expect(await keys(backend, "d", "z")).toEqual([]);
  });

  test("matches whole segments, in the request too", async () => {
    const { fake, backend } = await place({}, { prefix: "in" });
    for (const key of ["in/run/1", "in/run/1/a", "in/run/10/a", "in/run/1.5", "inside", "other/run/1/a"])
      fake.bucket().objects.set(key, text("x"));
    expect(await keys(backend, "run/1")).toEqual(["run/1/a"]);
    expect(fake.calls.at(-1)?.query.get("prefix")).toBe("in/run/1/");
    expect(await keys(backend)).toEqual(["run/1", "run/1.5", "run/1/a", "run/10/a"]);
    expect(await keys(backend, "none")).toEqual([]);
  });

  test("leaves out names that are not ledger keys: folder marks and hidden names", async () => {
    const { fake, backend } = await place();
    for (const key of ["a", "d/", ".probe/x", "d/.hidden/x", "d//x", "d/x"]) fake.bucket().objects.set(key, text("x"));
    expect(await keys(backend)).toEqual(["a", "d/x"]);
  });

  test("requests one page at a time, and none before the caller asks", async () => {
    const { fake, backend } = await place({ maxKeys: 2 });
    for (const key of ["a", "b", "c", "d", "e"]) fake.bucket().objects.set(key, text("x"));
    const listing = backend.list("");
    expect(fake.calls).toHaveLength(0);
    for await (const { key } of listing) if (key === "b") break;
    expect(fake.calls).toHaveLength(1);
  });

  test("asks for a small first page if the caller wants few entries", async () => {
    const { fake, backend } = await place();
    for (const key of ["a", "b", "c", "d"]) fake.bucket().objects.set(key, text("x"));
    for await (const { key } of backend.list("", { pageSize: 2 })) if (key === "b") break;
    expect(fake.calls.map(({ query }) => query.get("max-keys"))).toEqual(["2"]);
    const all: string[] = [];
    for await (const { key } of backend.list("", { pageSize: 2 })) all.push(key);
    expect(all).toEqual(["a", "b", "c", "d"]);
    expect(fake.calls.map(({ query }) => query.get("max-keys"))).toEqual(["2", "2", undefined]);
    for await (const _ of backend.list("", { pageSize: 1_000_000 })) break;
    expect(fake.calls.at(-1)?.query.get("max-keys")).toBe(undefined);
  });

  test("is in code-unit order for all keys and from any start", async () => {
    const char = fc.constantFrom("a", "z", "é", "\ud7ff", "\ue000", "\uffee", "😀", "𐀀", "/");
    const key = fc
      .array(char, { minLength: 1, maxLength: 6 })
      .map((chars) => chars.join(""))
      .filter((text) => !/^\/|\/$|\/\//.test(text) && text.normalize("NFC") === text);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { maxLength: 25 }),
        key,
        fc.integer({ min: 1, max: 5 }),
        async (all, after, maxKeys) => {
          const fake = new FakeS3({ maxKeys });
          const backend = s3Backend(onFake(fake));
          for (const one of all) fake.bucket().objects.set(one, text("x"));
          expect(await keys(backend)).toEqual(all.toSorted());
          expect(await keys(backend, "", after)).toEqual(all.filter((one) => one > after).toSorted());
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("a listing that cannot be right is UNEXPECTED_RESPONSE", () => {
  const page = (inner: string): string => `<ListBucketResult>${inner}</ListBucketResult>`;
  const entry = (key: string, size = "1"): string => `<Contents><Key>${key}</Key><Size>${size}</Size></Contents>`;
  const more = (token: string): string => `<IsTruncated>true</IsTruncated>${token}`;
  test.each([
    ["the end is missing", page(entry("a")).slice(0, -5)],
    ["it is no listing", "<Other></Other>"],
    ["it is empty", ""],
    ["a key outside the prefix", page(entry("b/x"))],
    ["an entry without a key", page("<Contents><Size>1</Size></Contents>")],
    ["an entry without a size", page("<Contents><Key>a/x</Key></Contents>")],
    ["a size that is none", page(entry("a/x", "-1"))],
    ["an escape that is none", page(`<EncodingType>url</EncodingType>${entry("a/%zz")}`)],
    ["no order", page(entry("a/y") + entry("a/x"))],
    ["more, but no token", page(more("") + entry("a/x"))],
    ["the same token again", page(more("<NextContinuationToken>t</NextContinuationToken>"))],
  ])("%s", async (_, document) => {
    const { fake, backend } = await place();
    fake.fail(
      () => ({ status: 200, headers: { "content-type": "application/xml" }, body: text(document) }),
      () => true,
      99,
    );
    expect(await failureOf(keys(backend, "a"))).toMatchObject({ code: "UNEXPECTED_RESPONSE", operation: "list" });
    expect(fake.calls.length).toBeLessThanOrEqual(2);
  });

  test("endlessly long", async () => {
    const { fake, backend } = await place();
    fake.fail(() => ({ status: 200, headers: {}, body: new Uint8Array(9 * 1024 * 1024) }));
    expect(await failureOf(keys(backend))).toMatchObject({ code: "UNEXPECTED_RESPONSE" });
  });
});

test("keys are decoded only if the store encoded them; pages may be empty or repeat a key", async () => {
  const { fake, backend } = await place();
  const document = (inner: string) => () => ({
    status: 200,
    headers: {},
    body: text(`<ListBucketResult>${inner}</ListBucketResult>`),
  });
  const more = "<IsTruncated>true</IsTruncated><NextContinuationToken>";
  fake.fail(document(`${more}1</NextContinuationToken>`));
  fake.fail(document(`${more}2</NextContinuationToken><Contents><Key>a%20b+c</Key><Size>1</Size></Contents>`));
  fake.fail(
    document(
      "<IsTruncated>false</IsTruncated><Contents><Key>a%20b+c</Key><Size>1</Size></Contents>" +
        "<Contents><Key>b</Key><Size>1</Size></Contents>",
    ),
  );
  expect(await keys(backend)).toEqual(["a%20b+c", "b"]);
});

test("a stale listing shows the earlier objects", async () => {
  const { fake, backend } = await place();
  await backend.create("a", text("x"));
  const thaw = fake.bucket().freezeListings();
  await backend.create("b", text("x"));
  expect(await keys(backend)).toEqual(["a"]);
  expect(await backend.stat("b")).toEqual({ size: 1 });
  thaw();
  expect(await keys(backend)).toEqual(["a", "b"]);
});
