import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fsBackend } from "../../../src/backends/fs/index.ts";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import { openLedger } from "../../../src/index.ts";
import { onFake } from "../../backends/s3/place.ts";
import { FakeS3, startFakeS3 } from "../../servers/fake-s3.ts";
import { bundle } from "../../processes/bundle.ts";
import { shutOutProcess, twoClaims } from "./races.ts";
import { isFull, rounds } from "../../rounds.ts";

const ROUNDS = rounds(1, 8);

let child: Awaited<ReturnType<typeof bundle>>;
beforeAll(async () => {
  child = await bundle(new URL("child.ts", import.meta.url));
});
afterAll(() => child.remove());

test.each(isFull ? (["os", "disk"] as const) : (["os"] as const))(
  `on fs (%s) a process that logs is shut out by another, ${ROUNDS} times`,
  async (durability) => {
    const directory = join(dirname(child.script), `runs-${durability}`);
    const env = { ...process.env };
    delete env["AWS_ENDPOINT_URL_S3"];
    for (let round = 0; round < ROUNDS; round++) {
      const { acknowledged } = await shutOutProcess(child.script, directory, fsBackend(directory, { durability }), env);
      expect(acknowledged).toBeGreaterThan(0);
    }
  },
);

test.skipIf(!isFull)(`on S3, a server in this process, a process that logs is shut out, ${ROUNDS} times`, async () => {
  const { env, close } = await startFakeS3();
  try {
    const backend = s3Backend({
      bucket: "bucket",
      endpoint: env["AWS_ENDPOINT_URL_S3"] as string,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: {
        accessKeyId: env["AWS_ACCESS_KEY_ID"] as string,
        secretAccessKey: env["AWS_SECRET_ACCESS_KEY"] as string,
      },
    });
    for (let round = 0; round < ROUNDS; round++) {
      const { acknowledged } = await shutOutProcess(child.script, "bucket", backend, { ...process.env, ...env });
      expect(acknowledged).toBeGreaterThan(0);
    }
  } finally {
    await close();
  }
});

test("on S3 two that claim a run at once, while its writer goes on", async () => {
  for (let round = 0; round < rounds(1, 20); round++) {
    const fake = new FakeS3();
    const { acknowledged } = await twoClaims(() => s3Backend(onFake(fake)));
    expect(acknowledged).toBeGreaterThan(0);
  }
});

test.each(["ignored", "refused", "racy"] as const)(
  "on a store whose conditional writes are %s a claim is refused",
  async (ifNoneMatch) => {
    const fake = new FakeS3({ ifNoneMatch });
    const { id } = await (await openLedger(s3Backend(onFake(fake)))).startRun({ environment: false });
    const ledger = await openLedger(s3Backend(onFake(fake)));
    await expect(ledger.resumeRun(id, { mode: "exclusive" })).rejects.toMatchObject({ code: "UNSUPPORTED" });
    expect([...fake.bucket().objects.keys()].filter((key) => key.includes("/fences/"))).toEqual([]);
  },
);
