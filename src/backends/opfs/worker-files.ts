import { LedgerError } from "../../errors/ledger-error.ts";
import type { AppendRequest, AppendResult, Appender } from "./sync-files.ts";
import type { WorkerAnswer, WorkerRequest } from "./serve-worker.ts";
import { workerScript } from "./worker-script.ts";

/** How long a worker may take to start, in ms. */
const START_MS = 30_000;

interface Waiting {
  readonly resolve: (result: AppendResult | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Appends to files through a worker. */
export class WorkerFiles implements Appender {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #broken: LedgerError | undefined;
  #idle: (() => void) | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<WorkerAnswer>) => this.#settle(data));
    worker.addEventListener("error", ({ message }) => this.#break(message || "it could not be loaded"));
    worker.addEventListener("messageerror", () => this.#break("a message could not be read"));
  }

  /** Starts a worker. Rejects if it does not answer, or cannot open a file at the path. */
  static async start(make: (() => Worker) | undefined, probe: readonly string[]): Promise<WorkerFiles> {
    const files = new WorkerFiles(make ? make() : inlineWorker());
    const late = setTimeout(() => files.#break(`it did not answer within ${START_MS / 1000} s`), START_MS);
    try {
      await files.#ask((id) => ({ id, probe }));
      return files;
    } catch (error) {
      files.#worker.terminate();
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  async append(append: AppendRequest): Promise<AppendResult> {
    return (await this.#ask((id) => ({ id, append }), [append.bytes.buffer])) as AppendResult;
  }

  async close(): Promise<void> {
    if (this.#waiting.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#worker.terminate();
    this.#broken ??= new LedgerError("CLOSED", "this opfs backend was closed");
  }

  #ask(request: (id: number) => WorkerRequest, transfer: Transferable[] = []): Promise<AppendResult | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#broken) return reject(this.#broken);
      const id = this.#next++;
      this.#worker.postMessage(request(id), transfer); // If it throws, there is nothing to wait for.
      this.#waiting.set(id, { resolve, reject });
    });
  }

  #settle(answer: WorkerAnswer): void {
    const waiting = this.#waiting.get(answer?.runledger);
    if (!waiting) return;
    this.#waiting.delete(answer.runledger);
    if ("error" in answer) waiting.reject(new DOMException(answer.error.message, answer.error.name));
    else waiting.resolve(answer.result);
    if (this.#waiting.size === 0) this.#idle?.();
  }

  /** Rejects what the worker has not answered, because it never will. */
  #break(why: string): void {
    this.#broken ??= new LedgerError("UNAVAILABLE", `the worker of the opfs backend failed: ${why}`);
    for (const { reject } of this.#waiting.values()) reject(this.#broken);
    this.#waiting.clear();
    this.#idle?.();
  }
}

/** Returns a worker that runs the script which the package contains. A strict content security policy refuses it. */
function inlineWorker(): Worker {
  if (workerScript === undefined) throw new LedgerError("UNSUPPORTED", "the sources have no script for a worker");
  const url = URL.createObjectURL(new Blob([workerScript], { type: "text/javascript" }));
  try {
    return new Worker(url, { name: "runledger-opfs" });
  } finally {
    // The worker has begun to load it.
    setTimeout(() => URL.revokeObjectURL(url), START_MS);
  }
}
