import type { BucketRules, ConditionMode } from "./fake-s3/bucket.ts";
import { FakeBucket } from "./fake-s3/bucket.ts";
import type { Delivery, FaultRule } from "./fake-s3/faults.ts";
import { deliver } from "./fake-s3/faults.ts";
import type { RawRequest, RawResponse, S3Call } from "./fake-s3/messages.ts";
import { S3Error, errorResponse, understand } from "./fake-s3/messages.ts";
import type { KnownKeys } from "./fake-s3/sigv4.ts";
import { isPresigned, verifySignature } from "./fake-s3/sigv4.ts";
import type { Listening } from "./fake-s3/transport.ts";
import { asFetch, listen } from "./fake-s3/transport.ts";

export type { FaultName, FaultRule } from "./fake-s3/faults.ts";
export type { S3Call } from "./fake-s3/messages.ts";
export { S3Error, errorResponse } from "./fake-s3/messages.ts";

export interface FakeS3Options {
  /** Default: one, `bucket`. */
  readonly buckets?: readonly string[];
  /** Default `us-east-1`. */
  readonly region?: string;
  /** Regions of buckets elsewhere: a request for one that is signed for another region gets 301. */
  readonly bucketRegions?: Readonly<Record<string, string>>;
  /** Default: {@link FAKE_KEYS}. */
  readonly keys?: readonly KnownKeys[];
  /** Ms since the epoch. Default `Date.now`. */
  readonly now?: () => number;
  /** Default `atomic`. */
  readonly ifNoneMatch?: ConditionMode;
  /** Default `checked`. */
  readonly checksums?: BucketRules["checksums"];
  /** Default 5 MiB, as on AWS. */
  readonly minPartBytes?: number;
  /** Keys of a page of a listing. Default 1000. */
  readonly maxKeys?: number;
  /** Unsigned reads are allowed. Default `false`. */
  readonly publicRead?: boolean;
}

export const FAKE_KEYS: KnownKeys = { accessKeyId: "AKIDFAKEFAKE", secretAccessKey: "fAkE/sEcReT+kEyFaKe" };

/** A strict S3 in this process, as a `fetch` or as an HTTP server, with faults to order. */
export class FakeS3 {
  readonly fetch: typeof globalThis.fetch;
  /** Everything that was asked, in order, refused requests included. */
  readonly calls: S3Call[] = [];
  readonly expiredTokens: Set<string> = new Set();
  /** Bytes of request bodies in the handler at the same time, at most. */
  peakBytes = 0;
  #bytes = 0;
  readonly #options: FakeS3Options;
  readonly #buckets = new Map<string, FakeBucket>();
  readonly #rules: BucketRules;
  readonly #faults: FaultRule[] = [];
  #late: (() => Promise<unknown>)[] = [];

  constructor(options: FakeS3Options = {}) {
    this.#options = options;
    this.#rules = {
      ifNoneMatch: options.ifNoneMatch ?? "atomic",
      checksums: options.checksums ?? "checked",
      minPartBytes: options.minPartBytes ?? 5 * 1024 * 1024,
      maxKeys: options.maxKeys ?? 1000,
    };
    for (const name of options.buckets ?? ["bucket"]) this.#buckets.set(name, new FakeBucket(this.#rules));
    this.fetch = asFetch((request) => this.#handle(request));
  }

  /** Serves HTTP on a free port. */
  listen(): Promise<Listening> {
    return listen((request) => this.#handle(request));
  }

  bucket(name = "bucket"): FakeBucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new Error(`no bucket ${name}`);
    return bucket;
  }

  /** Lets a fault strike the next `times` requests that `when` picks. */
  fail(fault: FaultRule["fault"], when: FaultRule["when"] = () => true, times = 1): void {
    this.#faults.push({ fault, when, times });
  }

  async #handle(request: RawRequest): Promise<Delivery> {
    const late = this.#late;
    this.#late = [];
    for (const work of late) await work();
    this.#bytes += request.body.length;
    this.peakBytes = Math.max(this.peakBytes, this.#bytes);
    try {
      const call = understand(request, virtualBucket(request.host));
      this.calls.push(call);
      const rule = this.#faults.find(({ times, when }) => times > 0 && when(call));
      if (rule !== undefined) rule.times -= 1;
      return await deliver(
        rule?.fault,
        () => this.#answer(request, call),
        (work) => this.#late.push(work),
      );
    } finally {
      this.#bytes -= request.body.length;
    }
  }

  async #answer(request: RawRequest, call: S3Call): Promise<RawResponse> {
    const now = (this.#options.now ?? Date.now)();
    const shared = { date: new Date(now).toUTCString(), "x-amz-request-id": "FAKE0123456789" };
    let response: RawResponse;
    try {
      this.#authorize(request, call, now);
      const bucket = this.#buckets.get(call.bucket);
      if (bucket === undefined) throw new S3Error(404, "NoSuchBucket", { BucketName: call.bucket });
      response = await bucket.answer(call);
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      response = errorResponse(error);
    }
    return { ...response, headers: { ...shared, ...response.headers } };
  }

  #authorize(request: RawRequest, call: S3Call, now: number): void {
    if (!request.headers.has("authorization") && !isPresigned(request)) {
      if (this.#options.publicRead === true && call.method === "GET") return;
      throw new S3Error(403, "AccessDenied");
    }
    const elsewhere = this.#options.bucketRegions?.[call.bucket];
    const region = elsewhere ?? this.#options.region ?? "us-east-1";
    const told = request.headers.get("authorization")?.split("/")[2];
    if (elsewhere !== undefined && told !== elsewhere) {
      const headers = { "x-amz-bucket-region": elsewhere, location: "https://evil.example/" };
      throw new S3Error(301, "PermanentRedirect", { Endpoint: "evil.example" }, headers);
    }
    const keys = this.#options.keys ?? [FAKE_KEYS];
    verifySignature(request, { keys, expiredTokens: this.expiredTokens, region, now });
  }
}

/** The bucket of a virtual-host address, `name.s3.eu-west-1.amazonaws.com` or `name.s3.fake`. */
function virtualBucket(host: string): string | undefined {
  return /^(.+)\.s3\.(?:[a-z0-9-]+\.amazonaws\.com|fake)(?::\d+)?$/.exec(host)?.[1];
}

/** A fake that listens, with the environment that makes `s3Backend` find it. */
export async function startFakeS3(options?: FakeS3Options): Promise<{
  readonly fake: FakeS3;
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}> {
  const fake = new FakeS3(options);
  const { url, close } = await fake.listen();
  const env = {
    AWS_ENDPOINT_URL_S3: url,
    AWS_ACCESS_KEY_ID: FAKE_KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: FAKE_KEYS.secretAccessKey,
    AWS_REGION: options?.region ?? "us-east-1",
  };
  return { fake, url, env, close };
}
