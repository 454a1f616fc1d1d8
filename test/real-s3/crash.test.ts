import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { s3Backend } from "../../src/backends/s3/index.ts";
import type { RealS3 } from "../servers/real-s3.ts";
import { inBucket, makeBucket } from "../servers/real-s3.ts";

const script = join(import.meta.dirname, "../servers/ceph-rgw.sh");
const run = promisify(execFile);

function hasCeph(): boolean {
  try {
    execFileSync("sh", ["-c", "command -v radosgw ceph-mon ceph-osd"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  // The next two are taken by the cluster, too.
  return Math.min(port, 65_000);
}

test.skipIf(!hasCeph())(
  "what was acknowledged is there after the store was killed (skipped without Ceph: its disk store is started for this test)",
  { timeout: 180_000 },
  async ({ onTestFinished }) => {
    const dir = await mkdtemp(join(tmpdir(), "runledger-ceph-"));
    const port = String(await freePort());
    const ceph = (...args: string[]): Promise<unknown> => run("bash", [script, ...args], { timeout: 120_000 });
    onTestFinished(async () => {
      await ceph("kill", dir).catch(() => {});
      await rm(dir, { recursive: true, force: true, maxRetries: 10 });
    });
    await ceph("start", dir, "bluestore", port);
    const credentials = { accessKeyId: "TESTACCESSKEY", secretAccessKey: "TestSecretKey0123456789" };
    const server: RealS3 = {
      name: "ceph",
      isAtomic: true,
      endpoint: `http://127.0.0.1:${port}`,
      region: "us-east-1",
      credentials,
    };
    const bucket = await makeBucket(server);

    const acknowledged = new Map<string, Uint8Array>();
    const open = new Set<string>();
    let killed = false;
    const writers = Array.from({ length: 4 }, async (_, w) => {
      const backend = s3Backend(inBucket(server, bucket, { retry: { attempts: 2, baseMs: 1 } }));
      for (let i = 0; !killed; i++) {
        const key = `w${w}/${i}`;
        const bytes = new Uint8Array(randomBytes(1 + ((i * 977) % 50_000)));
        open.add(key);
        const error = await backend.create(key, bytes).catch((error: unknown) => error);
        if (error === undefined) acknowledged.set(key, bytes);
        else expect(LedgerError.is(error) && error.transient).toBe(true);
      }
    });
    await expect.poll(() => acknowledged.size, { timeout: 60_000 }).toBeGreaterThan(200);
    const killing = ceph("kill", dir);
    await killing;
    killed = true;
    await Promise.all(writers);

    await ceph("start", dir, "bluestore", port);
    const backend = s3Backend(inBucket(server, bucket));
    const found = new Set<string>();
    for await (const { key } of backend.list("")) found.add(key);
    for (const [key, bytes] of acknowledged) {
      expect(found).toContain(key);
      expect(Buffer.compare(await backend.read(key), bytes)).toBe(0);
    }
    for (const key of found) expect(open).toContain(key);
  },
);
