import type {
  Backend,
  Body,
  CallOptions,
  Capabilities,
  Entry,
  ListOptions,
  ReadOptions,
} from "../../backend/backend.ts";
import type { S3Location } from "../../backend/location.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { assertKey, assertPrefix } from "../../backend/key.ts";
import { CredentialHolder } from "./credentials.ts";
import { listObjects } from "./list.ts";
import type { S3BackendOptions } from "./options.ts";
import { resolveCredentials, resolveOptions } from "./options.ts";
import type { ConditionalWrites } from "./probe.ts";
import { ConditionProbe } from "./probe.ts";
import { objectSize, readObject } from "./read.ts";
import { Client } from "./request.ts";
import { createObject } from "./upload.ts";

/** A backend in a bucket. */
export interface S3Backend extends Backend {
  readonly name: "s3";
  /** `exclusiveCreate` is `false` until a probe has found the bucket's conditional writes to be atomic. */
  readonly capabilities: Capabilities;
  /**
   * Finds out how the bucket treats conditional writes, unless that is known already. The first `create` of a body that
   * takes one PUT does the same; readers never do.
   */
  probe(options?: CallOptions): Promise<ConditionalWrites>;
  locate(key: string): S3Location;
}

/**
 * Returns a backend that keeps a ledger in a bucket of S3, or of a store with the same protocol. The bucket must exist.
 * Runs wherever there are `fetch` and WebCrypto. Throws `INVALID_ARGUMENT` for options that cannot be right, and
 * `CREDENTIALS` if there are none.
 */
export function s3Backend(options: S3BackendOptions): S3Backend {
  const settings = resolveOptions(options);
  const credentials = new CredentialHolder(resolveCredentials(options), settings.clock);
  const client = new Client(settings, credentials);
  return new Bucket(client, credentials);
}

const MAX_ANSWER_BYTES = 64 * 1024;

class Bucket implements S3Backend {
  readonly contract = 1;
  readonly name = "s3";
  readonly #client: Client;
  readonly #credentials: CredentialHolder;
  readonly #probe: ConditionProbe;
  #closed = false;

  constructor(client: Client, credentials: CredentialHolder) {
    this.#client = client;
    this.#credentials = credentials;
    this.#probe = new ConditionProbe(client);
  }

  get capabilities(): Capabilities {
    return { append: false, exclusiveCreate: this.#probe.known === "atomic", durable: true, move: false };
  }

  async create(key: string, body: Body, options: CallOptions = {}): Promise<void> {
    this.#begin("create", key, options);
    await createObject(this.#client, this.#probe, { operation: "create", key, signal: options.signal }, body);
  }

  async read(key: string, options: ReadOptions = {}): Promise<Uint8Array> {
    this.#begin("read", key, options);
    return readObject(this.#client, { operation: "read", key, signal: options.signal }, options.range);
  }

  async stat(key: string, options: CallOptions = {}): Promise<{ size: number } | undefined> {
    this.#begin("stat", key, options);
    const size = await objectSize(this.#client, { operation: "stat", key, signal: options.signal });
    return size === undefined ? undefined : { size };
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<Entry, void, undefined> {
    assertPrefix(prefix);
    this.#begin("list", undefined, options);
    const { startAfter, pageSize, signal } = options;
    yield* listObjects(this.#client, { operation: "list", key: prefix, prefix, startAfter, pageSize, signal });
  }

  async remove(key: string, options: CallOptions = {}): Promise<void> {
    this.#begin("remove", key, options);
    const { base } = this.#client.settings;
    const request = {
      operation: "remove",
      key,
      method: "DELETE",
      object: base + key,
      maxBytes: MAX_ANSWER_BYTES,
    } as const;
    const { fault } = await this.#client.call({ ...request, signal: options.signal });
    if (fault !== undefined && fault.code !== "NoSuchKey") throw fault.error;
  }

  async probe(options: CallOptions = {}): Promise<ConditionalWrites> {
    this.#begin("probe", undefined, options);
    return this.#probe.probe(options.signal);
  }

  locate(key: string): S3Location {
    assertKey(key);
    const { address, base, region, sign } = this.#client.settings;
    const { bucket, endpoint, pathStyle } = address;
    if (sign)
      throw new LedgerError("UNSUPPORTED", "other programs cannot read a bucket through sign", { key, field: "sign" });
    return {
      kind: "s3",
      bucket,
      key: base + key,
      region,
      ...(endpoint && { endpoint: endpoint.href }),
      pathStyle,
      credentials: async ({ signal } = {}) => {
        const keys = await this.#credentials.get(signal);
        if (keys === undefined) return undefined;
        const { accessKeyId, secretAccessKey, sessionToken } = keys;
        return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** Returns what may be shown of this backend, without credentials. */
  toJSON(): { name: string; bucket: string; prefix: string; endpoint: string; region: string } {
    const { address, base, region } = this.#client.settings;
    return { name: "s3", bucket: address.bucket, prefix: base, endpoint: address.endpoint?.href ?? "AWS", region };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `S3Backend ${JSON.stringify(this)}`;
  }

  #begin(operation: string, key: string | undefined, { signal }: CallOptions): void {
    if (this.#closed) throw new LedgerError("CLOSED", `${operation}: this backend is closed`, { operation, key });
    if (key !== undefined) assertKey(key);
    signal?.throwIfAborted();
  }
}
