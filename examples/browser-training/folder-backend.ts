import { type Backend, type Entry, LedgerError, withChecks } from "runledger/backend";

/** A backend that only reads, over the files of a folder as `<input webkitdirectory>` gives them. */
export function folderBackend(chosen: Iterable<File>): Backend {
  // The first part of a path is the name of the folder.
  const files = new Map([...chosen].map((file) => [file.webkitRelativePath.split("/").slice(1).join("/"), file]));
  const keys = [...files.keys()].sort();
  const refuse = async (key: string): Promise<never> => {
    throw new LedgerError("UNSUPPORTED", "a chosen folder is only read", { key });
  };
  return withChecks({
    contract: 1,
    name: "folder",
    capabilities: { append: false, exclusiveCreate: false, durable: true, readOnly: true },
    create: refuse,
    remove: refuse,
    async read(key, { range } = {}) {
      const file = files.get(key);
      if (file === undefined) throw new LedgerError("NOT_FOUND", `there is no file ${key}`, { key });
      const { offset = 0, length = file.size } = range ?? {};
      return new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
    },
    async stat(key) {
      const file = files.get(key);
      return file && { size: file.size };
    },
    async *list(prefix, { startAfter = "" } = {}): AsyncGenerator<Entry> {
      for (const key of keys) {
        const isUnder = prefix === "" || key.startsWith(`${prefix}/`);
        if (isUnder && key > startAfter) yield { key, size: (files.get(key) as File).size };
      }
    },
  });
}
