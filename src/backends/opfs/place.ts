import type {
  AppendOptions,
  CallOptions,
  CreateOptions,
  Entry,
  ListOptions,
  ReadOptions,
} from "../../backend/backend.ts";

/**
 * Storage of objects in a browser. Keys, options and signals are checked before a call. It may reject with errors of
 * the browser, and need not notice an abort.
 */
export interface Place {
  /** The chunks are the caller's, and may be reused for the next ones. */
  create(key: string, chunks: AsyncIterable<Uint8Array>, options: CreateOptions): Promise<void>;
  read(key: string, options: ReadOptions): Promise<Uint8Array>;
  stat(key: string): Promise<{ size: number } | undefined>;
  list(prefix: string, options: ListOptions): AsyncIterable<Entry>;
  remove(key: string, options: CallOptions): Promise<void>;
  /** Enters the queue of the key before it returns. */
  readonly append?:
    | ((key: string, bytes: Uint8Array<ArrayBuffer>, options: AppendOptions) => Promise<void>)
    | undefined;
  move(from: string, to: string, options: CallOptions): Promise<void>;
  /** Waits for the writes in progress, and releases what the place holds. */
  close(): Promise<void>;
}
