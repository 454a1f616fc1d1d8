import { fsBackend } from "../../src/backends/fs/backend.ts";
import { createEach } from "./create-each.ts";

// Run by other-process.ts: answers each list of keys with the outcomes of their creates.
const [directory, durability] = process.argv.slice(2) as [string, "os" | "disk"];
const backend = fsBackend(directory, { durability });
process.on("message", ({ keys, bytes }: { keys: string[]; bytes: Uint8Array }) => {
  void createEach(backend, keys, bytes).then((codes) => process.send!(codes));
});
process.on("disconnect", () => process.exit());
process.send!("ready");
