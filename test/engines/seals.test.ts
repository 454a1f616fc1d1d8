import { spawnSync } from "node:child_process";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { openLedger } from "../../src/index.ts";
import { generateSigner, publicKey, type PublicKey } from "../../src/seal/index.ts";
import { PYTHON } from "./programs.ts";

const SCRIPT = join(import.meta.dirname, "seals.py");
const hasCryptography = spawnSync(PYTHON, ["-c", "import cryptography"]).status === 0;
if (!hasCryptography && process.env["ENGINES"] === "required") throw new Error("cryptography is required");

const script = (...args: readonly string[]): ReturnType<typeof spawnSync> & { stdout: string; stderr: string } =>
  spawnSync(PYTHON, ["-B", SCRIPT, ...args], { encoding: "utf8" });

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "runledger-seals-"));
});
afterEach(() => rm(directory, { recursive: true }));

test.skipIf(!hasCryptography).each(["Ed25519", "ES256"] as const)(
  "Python verifies a seal that is signed with %s, and the library what Python signs",
  async (algorithm) => {
    const ledger = await openLedger(fsBackend(directory));
    const run = await ledger.startRun({ environment: false, experiment: "digits" });
    for (let i = 0; i < 100; i++) run.log({ loss: i });
    await run.logArtifact("model", { files: { a: new Uint8Array(9), b: new Uint8Array(70_000) } });
    await run.finish();
    const signer = await generateSigner({ keyId: "ci", algorithm });
    const { root } = await ledger.seal(run.id, { signer });
    const key = JSON.stringify(publicKey(signer));
    const { stdout, stderr } = script("verify", directory, run.id, key);
    expect(stderr).toBe("");
    expect(stdout.trim()).toBe(root);
    const other = JSON.stringify({ ...publicKey(await generateSigner({ algorithm })), kid: "ci" });
    expect(script("verify", directory, run.id, other).stderr).toContain("InvalidSignature");

    const keys = script("sign", directory, run.id, "py").stdout.trim().split("\n");
    const trusted = keys.map((line) => JSON.parse(line) as PublicKey);
    expect(await ledger.verify(run.id, { keys: trusted })).toMatchObject({
      intact: true,
      signedBy: ["py-ec", "py-ed"],
      unknownSigners: ["ci"],
    });
    await appendFile(join(directory, `runs/${run.id}/metrics.parquet`), "x");
    expect(script("verify", directory, run.id, key).status).not.toBe(0);
    expect((await ledger.verify(run.id)).intact).toBe(false);
  },
);
