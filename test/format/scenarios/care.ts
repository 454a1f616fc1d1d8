import { utf8Encoder } from "../../../src/bytes/utf8.ts";
import { flush, type Place } from "./place.ts";

/** A sealed run, one that is sealed and has no signature, and what a collection that goes on leaves. */
export async function care({ open, store, clock }: Place): Promise<void> {
  const ledger = await open();
  for (const id of ["signed", "unsigned"]) {
    const run = await ledger.startRun({ id, experiment: "sealed", environment: false, flush });
    run.log({ loss: 0.5 });
    await Promise.all([run.logText("note", "x".repeat(3000)), run.flush()]);
    await run.logArtifact("model", { text: id });
    await run.finish();
    await clock.advance(1000);
  }
  const again = await ledger.resumeRun("signed");
  again.log({ loss: 0.25 });
  await again.finish();
  // The same bytes each time the ledger is made.
  await ledger.seal("signed", { signer: { keyId: "ci", sign: async () => new Uint8Array(64) } });
  await ledger.seal("unsigned");
  await ledger.deleteRun("unsigned");
  const collection = ["begun.json", "condemned.0.json", "ready", "removing.1.json", "done"].map(
    (name) => `000002/${name}`,
  );
  for (const name of [...collection, "ended/000001.json"])
    await store.create(`gc/${name}`, utf8Encoder().encode(name.endsWith(".json") ? "{}" : ""));
}
