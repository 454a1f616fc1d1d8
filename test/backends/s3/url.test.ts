import { describe, expect, test } from "vitest";
import { address, objectUrl } from "../../../src/backends/s3/url.ts";

function url(
  endpoint: string | undefined,
  bucket: string,
  key: string,
  region = "eu-west-1",
  pathStyle?: boolean,
): string {
  return objectUrl(address(endpoint, bucket, pathStyle, false), region, key);
}

describe("addressing", () => {
  test.each([
    [url(undefined, "mine", "a/b"), "https://mine.s3.eu-west-1.amazonaws.com/a/b"],
    [url(undefined, "mine", ""), "https://mine.s3.eu-west-1.amazonaws.com/"],
    [url(undefined, "my.own", "a"), "https://s3.eu-west-1.amazonaws.com/my.own/a"],
    [url(undefined, "mine", "a", "cn-north-1"), "https://mine.s3.cn-north-1.amazonaws.com.cn/a"],
    [url(undefined, "mine", "a", "eu-west-1", true), "https://s3.eu-west-1.amazonaws.com/mine/a"],
    [url("https://s3.us-west-2.amazonaws.com", "mine", "a", "us-west-2"), "https://mine.s3.us-west-2.amazonaws.com/a"],
    [url("http://127.0.0.1:7480", "mine", "a/b"), "http://127.0.0.1:7480/mine/a/b"],
    [url("http://127.0.0.1:7480/", "mine", ""), "http://127.0.0.1:7480/mine"],
    [url("https://s3.example.com", "mine", "a", "r", false), "https://mine.s3.example.com/a"],
    [url("https://x.example/storage/v1/s3", "mine", "a"), "https://x.example/storage/v1/s3/mine/a"],
  ])("%s", (made, wanted) => {
    expect(made).toBe(wanted);
  });

  test("the endpoint gives the region if it contains it", () => {
    expect(address("https://s3.us-west-2.amazonaws.com", "mine", undefined, false).region).toBe("us-west-2");
    expect(address("https://acc.r2.cloudflarestorage.com", "mine", undefined, false).region).toBe("auto");
    expect(address("https://s3.example.com", "mine", undefined, false).region).toBeUndefined();
  });
});

test.each(["http://127.0.0.1:9000", "http://[::1]:9000", "https://203.0.113.7"])(
  "a bucket in front of the address %s is refused with the remedy",
  (endpoint) => {
    expect(() => address(endpoint, "mine", false, false)).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        field: "forcePathStyle",
        message: expect.stringContaining("set forcePathStyle: true"),
      }),
    );
    expect(address(endpoint, "mine", undefined, false).pathStyle).toBe(true);
  },
);

test.each([
  ["a+b", "a%2Bb"],
  ["q'()!*", "q%27%28%29%21%2A"],
  ["sp ace", "sp%20ace"],
  ["100%25", "100%2525"],
  ["q?x#y", "q%3Fx%23y"],
  ["ü/😀", "%C3%BC/%F0%9F%98%80"],
  ["a=b&c;d,e@f$g", "a%3Db%26c%3Bd%2Ce%40f%24g"],
])("the key %s is sent as %s", (key, path) => {
  expect(new URL(url("http://localhost:1", "mine", key)).pathname).toBe(`/mine/${path}`);
});

test.each([
  ["no URL", "nowhere"],
  ["another scheme", "ftp://x.example"],
  ["a user name", "https://me@x.example"],
  ["a password", "https://me:secret@x.example"],
  ["a query", "https://x.example/?a=b"],
  ["a fragment", "https://x.example/#a"],
  ["a strange path", "https://x.example/a+b"],
  ["http to another machine", "http://x.example"],
  ["http to a name that looks like this machine", "http://localhost.example"],
  ["http to a name that looks private", "http://internal.example"],
  ["http to a name that looks like a private address", "http://10.1.2.3.example"],
  ["http to a public address", "http://172.32.0.1"],
  ["http to a public IPv6 address", "http://[2001:db8::1]"],
])("an endpoint with %s is refused, and not repeated in the message", (_, endpoint) => {
  expect(() => address(endpoint, "mine", undefined, false)).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      field: "endpoint",
      message: expect.not.stringContaining("secret"),
    }),
  );
});

test.each([
  "http://localhost",
  "http://a.localhost:1",
  "http://127.3.2.1",
  "http://[::1]:9",
  "http://minio:9000",
  "http://host.docker.internal:9000",
  "http://store.minio.svc:9000",
  "http://nas.local",
  "http://10.1.2.3",
  "http://172.31.0.1",
  "http://192.168.1.2:9000",
  "http://[fd00::1]:9000",
  "https://x.example",
])("%s is allowed", (endpoint) => {
  expect(address(endpoint, "mine", undefined, false).endpoint?.href).toContain(endpoint);
});

test("http to another machine can be allowed", () => {
  expect(address("http://minio:9000", "mine", undefined, true).endpoint?.host).toBe("minio:9000");
});

test.each(["", "a", "a/b", "a..b", "ü", "-a", "a b", "x".repeat(300)])("the bucket name %j is refused", (bucket) => {
  expect(() => address("http://localhost", bucket, undefined, false)).toThrow(
    expect.objectContaining({ field: "bucket" }),
  );
});

test("a bucket name that is not a host name needs path style", () => {
  expect(() => address(undefined, "Under_score", undefined, false)).toThrow(
    expect.objectContaining({ field: "bucket" }),
  );
  expect(url("http://localhost:1", "Under_score", "a")).toBe("http://localhost:1/Under_score/a");
});
