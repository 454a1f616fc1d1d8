import type { DuckDBConnection } from "@duckdb/node-api";
import { type AccessKeys, LedgerError, type S3Location } from "../../backend/index.ts";
import type { StoredFile } from "../../files/index.ts";
import type { FileCopies } from "./file-copies.ts";
import { literal } from "./sql-text.ts";

/** Characters with a meaning in DuckDB's paths. */
const SPECIAL = /[*?[\]{}]/;

/** The paths that DuckDB uses for the files of a ledger. */
export class FilePaths {
  readonly #connection: DuckDBConnection;
  readonly #copies: FileCopies;
  readonly #httpfs: string | undefined;
  readonly #secrets = new Map<string, BucketSecret>();
  #hasHttpfs: boolean | undefined;
  /** True if DuckDB reads a file from a copy. */
  copied = false;

  constructor(connection: DuckDBConnection, copies: FileCopies, httpfs: string | undefined) {
    this.#connection = connection;
    this.#copies = copies;
    this.#httpfs = httpfs;
  }

  /** Returns paths of the files, or of copies of those that DuckDB cannot read in place. The order is not defined. */
  async of(files: readonly StoredFile[], inPlace: boolean, signal: AbortSignal | undefined): Promise<string[]> {
    const paths: string[] = [];
    const others: StoredFile[] = [];
    for (const file of files) {
      const path = inPlace ? await this.#inPlace(file, signal) : undefined;
      if (path === undefined) others.push(file);
      else paths.push(path);
    }
    if (others.length > 0) this.copied = true;
    return [...paths, ...(await this.#copies.copy(others, signal))];
  }

  /** Refreshes the credentials of a bucket, which may have changed. Call it before each query. */
  async refresh(signal: AbortSignal | undefined): Promise<void> {
    for (const secret of this.#secrets.values()) await secret.refresh(signal);
  }

  async #inPlace({ location }: StoredFile, signal: AbortSignal | undefined): Promise<string | undefined> {
    if (location?.kind === "file") return SPECIAL.test(location.path) ? undefined : location.path;
    if (location?.kind !== "s3") return undefined;
    const path = `s3://${location.bucket}/${location.key}`;
    if (SPECIAL.test(path) || !(this.#hasHttpfs ??= await this.#loadHttpfs())) return undefined;
    if (!this.#secrets.has(location.bucket)) {
      const secret = new BucketSecret(this.#connection, location);
      this.#secrets.set(location.bucket, secret);
      await secret.refresh(signal);
    }
    return path;
  }

  async #loadHttpfs(): Promise<boolean> {
    try {
      if (this.#httpfs === undefined) await this.#connection.run("INSTALL httpfs");
      await this.#connection.run(this.#httpfs === undefined ? "LOAD httpfs" : `LOAD ${literal(this.#httpfs)}`);
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * Lets a connection read a bucket. No view, message or cause contains the credentials or the statement that sets them.
 */
export class BucketSecret {
  readonly #connection: DuckDBConnection;
  readonly #location: S3Location;
  #known: string | undefined;

  constructor(connection: DuckDBConnection, location: S3Location) {
    this.#connection = connection;
    this.#location = location;
  }

  /** Gives DuckDB the current credentials, if they have changed. */
  async refresh(signal: AbortSignal | undefined): Promise<void> {
    const keys = await this.#location.credentials(signal ? { signal } : {});
    const known = JSON.stringify(keys ?? null);
    if (known === this.#known) return;
    try {
      await this.#connection.run(createSecret(this.#location, keys));
    } catch {
      throw new LedgerError("UNSUPPORTED", "DuckDB does not take the credentials of the bucket", {
        operation: "openSql",
      });
    }
    this.#known = known;
  }
}

function createSecret({ bucket, region, endpoint, pathStyle }: S3Location, keys: AccessKeys | undefined): string {
  const url = endpoint === undefined ? undefined : new URL(endpoint);
  const parts = [
    "TYPE s3",
    `SCOPE ${literal(`s3://${bucket}`)}`,
    `REGION ${literal(region)}`,
    `URL_STYLE ${literal(pathStyle ? "path" : "vhost")}`,
    ...(url
      ? [`ENDPOINT ${literal(url.host + url.pathname.replace(/\/+$/, ""))}`, `USE_SSL ${url.protocol === "https:"}`]
      : []),
    ...(keys ? [`KEY_ID ${literal(keys.accessKeyId)}`, `SECRET ${literal(keys.secretAccessKey)}`] : []),
    ...(keys?.sessionToken === undefined ? [] : [`SESSION_TOKEN ${literal(keys.sessionToken)}`]),
  ];
  return `CREATE OR REPLACE SECRET runledger (${parts.join(", ")})`;
}
