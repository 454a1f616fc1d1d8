import { publish } from "../../src/backends/http/index.ts";
import { openLedger } from "../../src/index.ts";
import { startStaticHost, type StaticHost } from "../servers/static-host.ts";

/** Starts a host of static files with a ledger of three runs of 2,000 points, and an artifact of 300,000 bytes. */
export async function startPublishedHost(): Promise<StaticHost> {
  const host = await startStaticHost();
  host.quirks.cors = true;
  const ledger = await openLedger(host.place);
  for (const lr of [0.1, 0.3, 0.5])
    await ledger.withRun({ name: `lr ${lr}`, params: { lr } }, async (run) => {
      for (let step = 0; step < 2000; step++) run.log({ loss: lr / (step + 1) });
      if (lr === 0.1) await run.logArtifact("model", new Uint8Array(300_000));
    });
  await publish(ledger);
  return host;
}
