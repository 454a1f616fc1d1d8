import { writeSync } from "node:fs";
import { fsBackend, saveTo } from "../../../src/backends/fs/index.ts";
import { openLedger } from "../../../src/index.ts";

// Saves an artifact of a ledger. Prints a line whenever bytes are there.
const [directory = "", ref = "", target = ""] = process.argv.slice(2);
const ledger = await openLedger(fsBackend(directory));
const opened = await ledger.openArtifact(ref);
await saveTo(opened, target, { onProgress: ({ bytes }) => void writeSync(1, `${bytes}\n`) });
await ledger.close();
