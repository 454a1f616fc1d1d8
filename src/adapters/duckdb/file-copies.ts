import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StoredFile } from "../../files/index.ts";
import { LedgerError } from "../../index.ts";

const PIECE_BYTES: number = 8 * 1024 * 1024;
const AT_ONCE = 8;

/** Copies of files in a temporary directory, which {@link remove} removes. */
export class FileCopies {
  readonly #maxBytes: number;
  #directory: string | undefined;
  #bytes = 0;
  #count = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Copies files and returns the paths. Rejects with `TOO_LARGE` before it copies any of them. */
  async copy(files: readonly StoredFile[], signal: AbortSignal | undefined): Promise<string[]> {
    this.#bytes += files.reduce((sum, { size }) => sum + size, 0);
    if (this.#bytes > this.#maxBytes) {
      throw new LedgerError(
        "TOO_LARGE",
        `DuckDB cannot read this backend in place, and copies would take ${this.#bytes} bytes, over maxCopyBytes: ` +
          "open one experiment, or without metrics",
        { field: "maxCopyBytes", operation: "openSql" },
      );
    }
    if (files.length === 0) return [];
    this.#directory ??= await mkdtemp(join(tmpdir(), "runledger-sql-"));
    const paths: string[] = [];
    for (let i = 0; i < files.length; i += AT_ONCE) {
      const some = files.slice(i, i + AT_ONCE).map(async (file) => {
        const path = join(this.#directory!, `${this.#count++}.parquet`);
        await copyFile(file, path, signal);
        return path;
      });
      paths.push(...(await Promise.all(some)));
    }
    return paths;
  }

  async remove(): Promise<void> {
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }
}

async function copyFile(file: StoredFile, path: string, signal: AbortSignal | undefined): Promise<void> {
  const target = await open(path, "wx", 0o600);
  try {
    for (let offset = 0; offset < file.size; offset += PIECE_BYTES) {
      const range = { offset, length: Math.min(PIECE_BYTES, file.size - offset) };
      await target.writeFile(await file.read({ range, ...(signal && { signal }) }));
    }
  } finally {
    await target.close();
  }
}
