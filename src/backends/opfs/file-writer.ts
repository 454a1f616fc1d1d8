import { inBlocks } from "./blocks.ts";
import { inDirectory } from "./file-system.ts";
import type { AppendRequest, AppendResult, Appender } from "./sync-files.ts";

/** Writes files of the site's own file system. */
export interface FileWriter {
  /** Fills a new file. Returns its size in bytes when the browser has stored it. */
  fill(path: readonly string[], chunks: AsyncIterable<Uint8Array>): Promise<number>;
  /** Appends to a file at a cost that depends on the new bytes only. */
  append?(request: AppendRequest): Promise<AppendResult>;
  /** Waits for the writes in progress. */
  close(): Promise<void>;
}

/** Writes with sync access handles, in this thread or in a worker. */
export function syncWriter(appender: Appender): FileWriter {
  return {
    async fill(path, chunks) {
      let at = 0;
      for await (const bytes of inBlocks(chunks)) {
        const end = at + bytes.byteLength; // A worker takes the bytes away.
        const { isDone } = await appender.append({ path, bytes, at });
        if (!isDone) throw new DOMException("the file has lost its first blocks", "NotFoundError");
        at = end;
      }
      return at;
    },
    append: (request) => appender.append(request),
    close: () => appender.close(),
  };
}

/** Writes with `createWritable`, which copies a file to append to it. So it cannot append. */
export const streamWriter: FileWriter = {
  async fill(path, chunks) {
    const file = await inDirectory(path.slice(0, -1), true, (directory) =>
      directory.getFileHandle(path.at(-1)!, { create: true }),
    );
    const stream = await file.createWritable();
    let size = 0;
    try {
      for await (const bytes of inBlocks(chunks)) {
        await stream.write(bytes);
        size += bytes.byteLength;
      }
    } catch (error) {
      await stream.abort().catch(() => {});
      throw error;
    }
    await stream.close();
    return size;
  },
  async close() {},
};
