import type { FileHandle } from "node:fs/promises";

export interface OpenFile {
  readonly file: FileHandle;
  /** Bytes. */
  readonly size: number;
}

interface Shared {
  readonly opened: Promise<OpenFile | undefined>;
  users: number;
}

/**
 * Opens a file once for all who ask at the same moment, such as for ranges of it. Whoever asks after it was begun to be opened gets it
 * opened anew: what has been stored by then has to be seen.
 */
export class SharedFiles {
  readonly #open: (key: string) => Promise<OpenFile | undefined>;
  readonly #about = new Map<string, Shared>();

  constructor(open: (key: string) => Promise<OpenFile | undefined>) {
    this.#open = open;
  }

  /** Calls `work` with the file, which is closed once all have done theirs. */
  async use<T>(key: string, work: (opened: OpenFile | undefined) => Promise<T>): Promise<T> {
    const shared = this.#about.get(key) ?? this.#begin(key);
    shared.users++;
    try {
      return await work(await shared.opened);
    } finally {
      if (--shared.users === 0)
        await shared.opened.then(
          (opened) => opened?.file.close(),
          () => {},
        );
    }
  }

  #begin(key: string): Shared {
    const opened = Promise.resolve().then(() => {
      this.#about.delete(key);
      return this.#open(key);
    });
    const shared = { opened, users: 0 };
    this.#about.set(key, shared);
    return shared;
  }
}
