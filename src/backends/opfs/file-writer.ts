import { inBlocks } from "./blocks.ts";
import { inDirectory } from "./file-system.ts";
import type { AppendRequest, AppendResult, Appender } from "./sync-files.ts";

/** Writes files of the site's own file system. */
export interface FileWriter {
  /** Fills a new file, and resolves when the browser has stored it. */
  fill(path: readonly string[], chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Appends to a file at a cost that depends on the new bytes only. */
  append?(request: AppendRequest): Promise<AppendResult>;
  /** Waits for the writes in progress. */
  close(): Promise<void>;
}

/** Writes with sync access handles, in this thread or in a worker. */
export function syncWriter(appender: Appender): FileWriter {
  return {
    async fill(path, chunks) {
      let isNew = true;
      for await (const bytes of inBlocks(chunks)) {
        await appender.append({ path, bytes, ...(isNew && { at: 0 }) });
        isNew = false;
      }
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
    try {
      for await (const bytes of inBlocks(chunks)) await stream.write(bytes);
    } catch (error) {
      await stream.abort().catch(() => {});
      throw error;
    }
    await stream.close();
  },
  async close() {},
};
