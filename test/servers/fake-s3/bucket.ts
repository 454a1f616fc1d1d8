import { createHash, randomBytes } from "node:crypto";
import type { RawResponse, S3Call } from "./messages.ts";
import { S3Error, escapeXml, xmlResponse } from "./messages.ts";

/** How a bucket treats `If-None-Match: *`: properly, with a gap between look and write, not at all, or with an error. */
export type ConditionMode = "atomic" | "racy" | "ignored" | "refused";

export interface BucketRules {
  ifNoneMatch: ConditionMode;
  /** Whether objects need a SHA-256 in a header, as in buckets with a default retention, may have one, or must not. */
  checksums: "required" | "checked" | "refused";
  minPartBytes: number;
  maxKeys: number;
}

interface Upload {
  readonly key: string;
  readonly parts: Map<number, Uint8Array>;
  /** It began with the announcement of checksums: then each part has one, and the end names them all. */
  readonly hasChecksums: boolean;
}

/** The objects of one bucket, with the semantics of S3. */
export class FakeBucket {
  readonly objects: Map<string, Uint8Array> = new Map();
  readonly uploads: Map<string, Upload> = new Map();
  readonly #rules: BucketRules;
  #listed: ReadonlyMap<string, Uint8Array> = this.objects;

  constructor(rules: BucketRules) {
    this.#rules = rules;
  }

  /** Until the returned function is called, listings show what there is now. */
  freezeListings(): () => void {
    this.#listed = new Map(this.objects);
    return () => {
      this.#listed = this.objects;
    };
  }

  async answer(call: S3Call): Promise<RawResponse> {
    const { method, key, query } = call;
    if (Buffer.byteLength(key) > 1024) throw new S3Error(400, "KeyTooLongError");
    const id = query.get("uploadId");
    if (key === "") {
      if (method === "GET" && query.get("list-type") === "2") return this.#list(query);
      if (method === "PUT") return empty(200);
    } else if (method === "GET") return this.#get(call);
    else if (method === "PUT") return id === undefined ? this.#put(call) : this.#putPart(call, id);
    else if (method === "POST" && query.has("uploads")) return this.#begin(call);
    else if (method === "POST" && id !== undefined) return this.#complete(call, id);
    else if (method === "DELETE") {
      if (id === undefined) this.objects.delete(key);
      else if (!this.uploads.delete(id)) throw new S3Error(404, "NoSuchUpload");
      return empty(204);
    }
    throw new S3Error(405, "MethodNotAllowed");
  }

  #get({ key, headers }: S3Call): RawResponse {
    const bytes = this.objects.get(key);
    if (bytes === undefined) throw new S3Error(404, "NoSuchKey", { Key: key });
    const base = { "content-type": "binary/octet-stream", etag: etagOf(bytes), "accept-ranges": "bytes" };
    const range = /^bytes=(\d+)-(\d*)$/.exec(headers.get("range") ?? "");
    if (range === null) return { status: 200, headers: base, body: bytes };
    const start = Number(range[1]);
    const end = Math.min(range[2] === "" ? Infinity : Number(range[2]), bytes.length - 1);
    if (start >= bytes.length) throw new S3Error(416, "InvalidRange", { ActualObjectSize: String(bytes.length) });
    const contentRange = `bytes ${start}-${end}/${bytes.length}`;
    return { status: 206, headers: { ...base, "content-range": contentRange }, body: bytes.subarray(start, end + 1) };
  }

  async #put({ key, headers, body }: S3Call): Promise<RawResponse> {
    this.#checkChecksum(headers, body);
    const condition = headers.get("if-none-match");
    const mode = this.#rules.ifNoneMatch;
    if (condition !== undefined) {
      if (condition !== "*" || mode === "refused")
        throw new S3Error(501, "NotImplemented", { Header: "If-None-Match" });
      if (mode !== "ignored" && this.objects.has(key))
        throw new S3Error(412, "PreconditionFailed", { Condition: "If-None-Match" });
      if (mode === "racy") await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.objects.set(key, body.slice());
    return { status: 200, headers: { etag: etagOf(body) }, body: new Uint8Array() };
  }

  #checkChecksum(headers: ReadonlyMap<string, string>, body: Uint8Array): string | undefined {
    const told = headers.get("x-amz-checksum-sha256");
    const rule = this.#rules.checksums;
    if (told === undefined && rule === "required") throw new S3Error(400, "InvalidRequest");
    if (told !== undefined && rule === "refused") throw new S3Error(400, "InvalidArgument");
    if (told === undefined) return undefined;
    if (headers.get("x-amz-sdk-checksum-algorithm") !== "SHA256") throw new S3Error(400, "InvalidRequest");
    if (told !== createHash("sha256").update(body).digest("base64")) throw new S3Error(400, "BadDigest");
    return told;
  }

  #begin({ key, headers }: S3Call): RawResponse {
    const id = randomBytes(12).toString("base64url");
    const hasChecksums = headers.get("x-amz-checksum-algorithm") === "SHA256";
    if (hasChecksums && this.#rules.checksums === "refused") throw new S3Error(400, "InvalidArgument");
    this.uploads.set(id, { key, parts: new Map(), hasChecksums });
    return xmlResponse(
      200,
      `<InitiateMultipartUploadResult><Key>${escapeXml(key)}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    );
  }

  #putPart({ key, query, headers, body }: S3Call, id: string): RawResponse {
    const upload = this.#upload(id, key);
    const checksum = this.#checkChecksum(headers, body);
    // As on AWS: both or neither.
    if ((checksum !== undefined) !== upload.hasChecksums) throw new S3Error(400, "InvalidRequest");
    const number = Number(query.get("partNumber"));
    if (!(number >= 1 && number <= 10_000)) throw new S3Error(400, "InvalidArgument");
    upload.parts.set(number, body.slice());
    return { status: 200, headers: { etag: etagOf(body) }, body: new Uint8Array() };
  }

  #complete({ key, body }: S3Call, id: string): RawResponse {
    const { parts, hasChecksums } = this.#upload(id, key);
    const named = [
      ...Buffer.from(body)
        .toString()
        .matchAll(
          /<Part><PartNumber>(\d+)<\/PartNumber><ETag>([^<]+)<\/ETag>(?:<ChecksumSHA256>([^<]+)<\/ChecksumSHA256>)?<\/Part>/g,
        ),
    ];
    if (named.length === 0) throw new S3Error(400, "MalformedXML");
    const chosen = named.map(([, number, etag, checksum], i) => {
      const bytes = parts.get(Number(number));
      if (bytes === undefined || etagOf(bytes) !== etag?.replaceAll("&#34;", '"'))
        throw new S3Error(400, "InvalidPart");
      const expected = hasChecksums ? createHash("sha256").update(bytes).digest("base64") : undefined;
      if (checksum !== expected) throw new S3Error(400, "InvalidPart");
      if (i > 0 && Number(number) <= Number(named[i - 1]?.[1])) throw new S3Error(400, "InvalidPartOrder");
      if (i < named.length - 1 && bytes.length < this.#rules.minPartBytes) throw new S3Error(400, "EntityTooSmall");
      return bytes;
    });
    this.objects.set(key, new Uint8Array(Buffer.concat(chosen)));
    this.uploads.delete(id);
    const inner = `<Key>${escapeXml(key)}</Key><ETag>&quot;${id}-${chosen.length}&quot;</ETag>`;
    return xmlResponse(200, `<CompleteMultipartUploadResult>${inner}</CompleteMultipartUploadResult>`);
  }

  #upload(id: string, key: string): Upload {
    const upload = this.uploads.get(id);
    if (upload === undefined || upload.key !== key) throw new S3Error(404, "NoSuchUpload");
    return upload;
  }

  #list(query: ReadonlyMap<string, string>): RawResponse {
    const prefix = query.get("prefix") ?? "";
    const url = query.get("encoding-type") === "url";
    const token = query.get("continuation-token");
    const after =
      token === undefined ? (query.get("start-after") ?? "") : Buffer.from(token.slice(8), "base64url").toString();
    const most = Math.min(Number(query.get("max-keys") ?? 1000), this.#rules.maxKeys);
    const keys = [...this.#listed.keys()]
      .filter((key) => key.startsWith(prefix) && byBytes(key, after) > 0)
      .sort(byBytes);
    const page = keys.slice(0, most);
    const shown = (text: string): string =>
      escapeXml(url ? encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%20", "+") : text);
    const contents = page.map((key) => {
      const size = this.#listed.get(key)?.length ?? 0;
      return `<Contents><Key>${shown(key)}</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified><Size>${size}</Size></Contents>`;
    });
    const last = page.at(-1);
    const more = keys.length > page.length && last !== undefined;
    const next = more
      ? `<NextContinuationToken>${randomBytes(6).toString("base64url")}${Buffer.from(last).toString("base64url")}</NextContinuationToken>`
      : "";
    const head = `<Prefix>${shown(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${most}</MaxKeys><IsTruncated>${more}</IsTruncated>`;
    const encoding = url ? "<EncodingType>url</EncodingType>" : "";
    return xmlResponse(
      200,
      `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${head}${encoding}${next}${contents.join("")}</ListBucketResult>`,
    );
  }
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function etagOf(bytes: Uint8Array): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`;
}

function empty(status: number): RawResponse {
  return { status, headers: {}, body: new Uint8Array() };
}
