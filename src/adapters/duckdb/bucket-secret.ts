import type { DuckDBConnection } from "@duckdb/node-api";
import { type AccessKeys, LedgerError, type S3Location } from "../../backend/index.ts";
import { literal } from "./sql-text.ts";

/** Lets a connection read a bucket. Neither the keys nor the statement that has them is in any view, message or cause. */
export class BucketSecret {
  readonly #connection: DuckDBConnection;
  readonly #location: S3Location;
  #known: string | undefined;

  constructor(connection: DuckDBConnection, location: S3Location) {
    this.#connection = connection;
    this.#location = location;
  }

  /** Hands DuckDB the keys that are good now, if they are others than it has. */
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
