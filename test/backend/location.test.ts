import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { withChecks } from "../../src/backend/layers/checks.ts";
import { withPrefix } from "../../src/backend/layers/prefix.ts";
import { withReadCache } from "../../src/backend/layers/read-cache.ts";
import { withRetry } from "../../src/backend/layers/retry.ts";
import type { S3Location } from "../../src/backend/location.ts";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { s3Backend } from "../../src/backends/s3/index.ts";
import { recordingBackend } from "../../src/testing/index.ts";

test("locate is right through every layer", async () => {
  const directory = await mkdtemp(join(tmpdir(), "runledger-location-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const backend = withChecks(withRetry(withReadCache(withPrefix(fsBackend(directory), "team/a"))));
  await backend.create("x/y", new Uint8Array([1, 2]));
  const location = backend.locate?.("x/y");
  expect(location).toEqual({ kind: "file", path: join(directory, "team", "a", "x", "y") });
  expect([...(await readFile((location as { path: string }).path))]).toEqual([1, 2]);
  expect(() => backend.locate?.("../x")).toThrow(expect.objectContaining({ code: "INVALID_KEY" }));
});

test("an object in a bucket, with credentials from a function", async () => {
  const secret = "first";
  const credentials = () => ({ accessKeyId: "me", secretAccessKey: secret, sessionToken: "t", expiration: 0 });
  const options = { endpoint: "http://127.0.0.1:9000", region: "eu-1", bucket: "b-1", prefix: "p" };
  const backend = s3Backend({ ...options, credentials });
  const location = withPrefix(backend, "q").locate?.("x") as S3Location;
  expect({ ...location, credentials: undefined }).toEqual({
    kind: "s3",
    bucket: "b-1",
    key: "p/q/x",
    region: "eu-1",
    endpoint: "http://127.0.0.1:9000/",
    pathStyle: true,
    credentials: undefined,
  });
  expect(await location.credentials()).toEqual({ accessKeyId: "me", secretAccessKey: "first", sessionToken: "t" });
  for (const shown of [JSON.stringify(location), inspect(location, { depth: 9 })]) expect(shown).not.toContain(secret);
  const anonymous = s3Backend({ ...options, credentials: "anonymous" }).locate("x");
  expect(await anonymous.credentials()).toBeUndefined();
  expect(
    s3Backend({ bucket: "b-1", credentials, endpoint: "https://s3.eu-west-1.amazonaws.com" }).locate("x"),
  ).toMatchObject({
    region: "eu-west-1",
    pathStyle: false,
  });
});

test("memory and recording backends have no locate", async () => {
  expect(memoryBackend()).not.toHaveProperty("locate");
  expect(withChecks(memoryBackend())).not.toHaveProperty("locate");
  expect(recordingBackend(fsBackend(tmpdir()))).not.toHaveProperty("locate");
});
