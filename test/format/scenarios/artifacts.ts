import type { ArtifactSource, Ledger } from "../../../src/index.ts";
import { encodeCheckedJson } from "../../../src/bytes/checked-json.ts";
import { change, flip, flush, keysBelow, type Place } from "./place.ts";

/** Artifacts of one content and of many files, their versions and aliases, and runs that made and used them. */
export async function artifacts(place: Place): Promise<void> {
  const ledger = await place.open();
  const run = await ledger.startRun({ experiment: "artifacts", environment: false, flush });
  const metadata = { f1: Number.NaN, big: 3n, ["__proto__"]: { $rl: 1 }, nested: [{ a: null }] };
  await run.logArtifact("Model", { text: "v0" }, { type: "model", aliases: ["best", "ä/Ü"], metadata });
  await run.logArtifact("Model", { text: "v1" }, { type: "model", aliases: ["best"] });
  await run.logArtifact("Model", { text: "v1" }, { type: "model", aliases: ["stable"] });
  await run.logArtifact("Model", { text: "v1" }, { type: "checkpoint" });
  await run.logArtifact("group/räume 🏠.zip", new Uint8Array(5000).fill(7));
  await run.logArtifact("empty", new Uint8Array(0));
  await run.logArtifact("directory", directory());
  await run.logArtifact("directory", { files: {} });
  await run.logDataset("table", { when: [new Date(5), null], x: [Infinity, 1] }, { store: true });
  await run.useArtifact("Model:v0");
  await run.useArtifact("Model:best");
  await run.useArtifact("Model:v0");
  await ledger.setAlias("Model", "v0", "best");
  await run.logArtifact("Model", { text: "v3" }, { type: "model", description: "Größe\n🏠" });
  run.log({ loss: 1 });
  await run.finish();
  const user = await ledger.startRun({ experiment: "artifacts", environment: false, flush });
  await user.useArtifact("Model:best");
  await user.useArtifact("directory");
  await user.flush();
  await removed(ledger);
  await damaged(place, ledger);
}

/** Versions that were removed, and runs that were purged: one completely, of one much is still there. */
async function removed(ledger: Ledger): Promise<void> {
  const run = await ledger.startRun({ id: "made-and-removed", experiment: "artifacts", environment: false, flush });
  for (const text of ["a", "b", "c"]) await run.logArtifact("removed", { text }, { aliases: [text] });
  await run.logArtifact("gone", { text: "gone" });
  await run.finish();
  await ledger.removeArtifact("removed:v1", { force: true });
  await ledger.removeArtifact("removed:v2", { force: true });
  await ledger.removeArtifact("gone:v0");
  const purged = await ledger.startRun({ experiment: "artifacts", environment: false, flush });
  purged.log({ loss: 1 });
  await purged.finish();
  await ledger.purgeRun(purged.id);
}

function directory(): ArtifactSource {
  const names = [
    "b.txt",
    "a/b.txt",
    "a.txt",
    "a/c/é.bin",
    "A.txt",
    "con.txt",
    'a"quoted".txt',
    "ends.",
    "x:y",
    "😀",
    "\uffee",
    "same/1",
    "same/2",
    "ß/x",
    "SS/x",
    "\u2028line",
    "aux",
    "dir/nul .log",
  ];
  return {
    files: Object.fromEntries(
      names.map((name, i) => [name, { text: name.startsWith("same/") ? "same" : `content ${i}` }]),
    ),
  };
}

/** Blobs that are gone or changed, manifests and aliases that are damaged, of a later version, or in a wrong place. */
async function damaged(place: Place, ledger: Ledger): Promise<void> {
  const run = await ledger.startRun({ experiment: "artifacts", environment: false, flush });
  const log = async (name: string, text: string): Promise<string> => {
    const { digest } = await run.logArtifact(
      name,
      { files: { "one.txt": { text }, "two.txt": { text: `${text} two` } } },
      { aliases: [`of-${text}`] },
    );
    return digest;
  };
  const versions = (name: string): string => `artifacts/${name}/versions`;
  for (const text of ["whole", "other", "third", "fourth", "fifth"]) await log("damaged", text);
  const keys = (await keysBelow(place, versions("damaged"))).toReversed();
  await change(place, keys[1]!, (bytes) => flip(bytes, 50));
  const later = '{"v":2,"name":"damaged","version":2}';
  await change(place, keys[2]!, () => new TextEncoder().encode(later));
  await change(place, keys[3]!, (bytes) => {
    const { crc32: _crc, ...manifest } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const files = manifest["files"] as { size: number }[];
    return encodeCheckedJson({ ...manifest, files: [files[0]!] }, "manifest");
  });
  await place.store.create(`${versions("damaged")}/999999/90.json`, await place.store.read(keys[0]!));
  await place.store.create(`${versions("damaged")}/notes.txt`, new Uint8Array(3));
  // What a writer leaves that stored its move and died.
  await place.store.create("artifacts/damaged/aliases/of-other/99999998.v0", new Uint8Array(0));
  await log("blobs", "gone");
  await log("blobs", "changed");
  for (const [text, edit] of [
    ["gone", () => undefined],
    ["changed", (bytes: Uint8Array) => flip(bytes, 1)],
  ] as const) {
    const hex = await hexOf(text);
    await change(place, `blobs/sha256/${hex.slice(0, 2)}/${hex}`, edit);
  }
  await run.finish();
}

async function hexOf(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Buffer.from(hash).toString("hex");
}

/** Artifacts on a store that lets two processes create one key: ids tell manifests of one number apart. */
export async function sharedArtifacts(place: Place): Promise<void> {
  const ledger = await place.open();
  const run = await ledger.startRun({ experiment: "artifacts", environment: false, flush });
  for (const text of ["a", "b", "c"]) await run.logArtifact("model", { text }, { aliases: ["best", text] });
  const keys = await keysBelow(place, "artifacts/model/versions");
  const bytes = await place.store.read(keys[1]!);
  // As a store leaves it that showed two writers different listings.
  await place.store.create(keys[1]!.replace(/\.[0-9a-z]+\.json$/, ".0other.json"), bytes);
  await run.logArtifact("withdrawn", { text: "a" });
  await ledger.removeArtifact("withdrawn:v0");
  run.log({ loss: 1 });
  await run.finish();
}
