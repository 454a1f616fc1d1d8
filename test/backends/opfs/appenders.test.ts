import { afterEach, expect, test, vi } from "vitest";
import { syncWriter } from "../../../src/backends/opfs/file-writer.ts";
import { type AppendRequest, type AppendResult, SyncFiles } from "../../../src/backends/opfs/sync-files.ts";
import { WorkerFiles } from "../../../src/backends/opfs/worker-files.ts";

// What is hard to provoke in a browser. The rest is in test/platforms.

const PATH = ["ledger", ".tmp", "1"];

afterEach(() => {
  vi.unstubAllGlobals();
});

async function* blocks(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield new Uint8Array(1024 * 1024);
}

/** Takes the bytes away as a worker does, and loses its file before the n-th append. */
function appender(lostAt: number): { requests: AppendRequest[]; append(_: AppendRequest): Promise<AppendResult> } {
  const requests: AppendRequest[] = [];
  return {
    requests,
    async append(request) {
      requests.push(structuredClone(request, { transfer: [request.bytes.buffer] }));
      return requests.length === lostAt ? { isDone: false, size: undefined } : { isDone: true, size: request.at };
    },
  };
}

test("each block of a new file states where it begins", async () => {
  const own = appender(0);
  const { fill } = syncWriter({ ...own, close: async () => {} });
  expect(await fill(PATH, blocks(3))).toBe(3 * 1024 * 1024);
  expect(own.requests.map(({ at }) => at)).toEqual([0, 1024 * 1024, 2 * 1024 * 1024]);
});

test("a new file that vanishes between two blocks is an error", async () => {
  const own = appender(2);
  const { fill } = syncWriter({ ...own, close: async () => {} });
  const filling = fill(PATH, blocks(3));
  await expect(filling).rejects.toMatchObject({ name: "NotFoundError" });
  expect(own.requests).toHaveLength(2);
});

test.each([
  [undefined, "rejects"],
  [0, "rejects"],
  [10, "is not done"],
])("a file that vanishes while it is opened: an append at %s %s", async (at, outcome) => {
  const directory = {
    getDirectoryHandle: async () => directory,
    getFileHandle: async () => ({
      createSyncAccessHandle: () => Promise.reject(new DOMException("gone", "NotFoundError")),
    }),
  };
  vi.stubGlobal("navigator", { storage: { getDirectory: async () => directory } });
  const appending = new SyncFiles().append({ path: PATH, bytes: new Uint8Array(1), at });
  if (outcome === "rejects") await expect(appending).rejects.toMatchObject({ name: "NotFoundError" });
  else expect(await appending).toEqual({ isDone: false, size: undefined });
});

test("a request that cannot be sent rejects, and close() does not wait for it", async () => {
  const events = new EventTarget();
  const worker = {
    addEventListener: events.addEventListener.bind(events),
    postMessage({ id, append }: { id: number; append?: AppendRequest }, transfer: Transferable[]): void {
      // Browsers refuse bytes that were transferred before, and Node does not.
      if (append?.bytes.byteLength === 0) throw new DOMException("detached", "DataCloneError");
      structuredClone(null, { transfer });
      queueMicrotask(() => events.dispatchEvent(new MessageEvent("message", { data: { runledger: id } })));
    },
    terminate: vi.fn<() => void>(),
  };
  const files = await WorkerFiles.start(() => worker as unknown as Worker, PATH);
  const bytes = new Uint8Array(1);
  await files.append({ path: PATH, bytes });
  await expect(files.append({ path: PATH, bytes })).rejects.toMatchObject({ name: "DataCloneError" });
  await files.close();
  expect(worker.terminate).toHaveBeenCalledOnce();
});
