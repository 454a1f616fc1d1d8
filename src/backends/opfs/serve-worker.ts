import { withLock } from "./locks.ts";
import { type AppendRequest, type AppendResult, SyncFiles } from "./sync-files.ts";
import { probeSyncHandles } from "./probe-sync-handles.ts";

/** What a page sends to its worker. The first message has the path at which to try whether files can be opened. */
export type WorkerRequest =
  | { readonly id: number; readonly probe: readonly string[] }
  | { readonly id: number; readonly append: AppendRequest };

/** What the worker answers. */
export type WorkerAnswer =
  | { readonly runledger: number; readonly result: AppendResult | undefined }
  | { readonly runledger: number; readonly error: { readonly name: string; readonly message: string } };

/** The needed members of the global scope of a dedicated worker. */
interface WorkerScope {
  addEventListener(type: "message", listener: (event: { readonly data: WorkerRequest }) => void): void;
  postMessage(answer: WorkerAnswer, transfer: Transferable[]): void;
}

/** Appends to files for the page that started this worker. The build puts it into the worker's text. */
export function serve(): void {
  const scope = globalThis as unknown as WorkerScope;
  const files = new SyncFiles();
  scope.addEventListener("message", ({ data }) => {
    // Chromium keeps the order of requests for locks only after it has granted a thread its first one.
    const work =
      "probe" in data
        ? withLock(data.probe.join("/"), undefined, () => probeSyncHandles(data.probe))
        : files.append(data.append);
    work.then(
      (result) => scope.postMessage({ runledger: data.id, result: result ?? undefined }, []),
      (error: Error) =>
        scope.postMessage({ runledger: data.id, error: { name: error.name, message: error.message } }, []),
    );
  });
}
