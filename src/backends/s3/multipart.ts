import { utf8Decoder, utf8Encoder } from "../../bytes/utf8.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { checksumText } from "./checksum.ts";
import { putHeaders } from "./condition.ts";
import type { Fault } from "./errors.ts";
import { answerFault, failure, strangeAnswer } from "./errors.ts";
import type { Part } from "./parts.ts";
import type { Creation } from "./put.ts";
import { assertAbsent, outcomeUnknown } from "./put.ts";
import { objectSize, readObject } from "./read.ts";
import type { Answer, Client, S3Request } from "./request.ts";
import { sha256Hex } from "./sign.ts";
import { childText, escapeXml, parseXml } from "./xml.ts";

export const MAX_PARTS = 10_000;
const IN_FLIGHT = 2;
const MAX_ANSWER_BYTES = 256 * 1024;

interface SentPart {
  readonly etag: string;
  readonly sha256: string;
  readonly size: number;
}

/**
 * Creates an object with a multipart upload, with two parts in flight at a time. Checks that the key does not exist
 * before the upload and again right before its end, because not every store checks that in the last step. `stop` ends
 * `parts` and all requests. If anything fails, aborts the upload, which leaves nothing behind.
 */
export async function putParts(
  client: Client,
  creation: Creation,
  parts: AsyncIterable<Part>,
  stop: AbortController,
): Promise<void> {
  await assertAbsent(client, creation);
  const upload = new Upload(client, { ...creation, signal: stop.signal });
  await upload.begin();
  try {
    await upload.send(parts, stop);
    await assertAbsent(client, creation);
    await upload.complete();
  } catch (error) {
    const cleared = upload.abort();
    // An aborted call must reject at once.
    if (creation.signal?.aborted !== true) await cleared;
    throw error;
  }
}

class Upload {
  readonly #client: Client;
  readonly #creation: Creation;
  readonly #sent: SentPart[] = [];
  #id = "";
  /** Whether parts have checksums. The end of such an upload repeats the checksum of each part. */
  #hasChecksums = false;

  constructor(client: Client, creation: Creation) {
    this.#client = client;
    this.#creation = creation;
  }

  async begin(): Promise<void> {
    const begin = { method: "POST", query: { uploads: "" }, headers: putHeaders(false), checksum: "upload" } as const;
    const answer = await this.#call(begin);
    this.#hasChecksums = this.#client.sendsChecksums;
    const document = parseXml(text(answer), ["InitiateMultipartUploadResult"]);
    this.#id = (document === undefined ? undefined : childText(document, "UploadId")) ?? "";
    if (this.#id === "")
      throw strangeAnswer(this.#client.subject(this.#creation), "the store began no multipart upload", answer.status);
  }

  async send(parts: AsyncIterable<Part>, stop: AbortController): Promise<void> {
    const running = new Set<Promise<void>>();
    try {
      let number = 0;
      for await (const part of parts) {
        if (part.last && part.bytes.byteLength === 0) continue;
        number += 1;
        if (number > MAX_PARTS) {
          const why = `the body has more than ${MAX_PARTS} parts; set partBytes higher, or give the stream a size`;
          throw failure(this.#client.subject(this.#creation), "TOO_LARGE", why);
        }
        const sending = this.#put(number, part).finally(() => running.delete(sending));
        // A failure also ends the reading of the body, which may be waiting for its source.
        sending.catch((error) => stop.abort(error));
        running.add(sending);
        if (running.size >= IN_FLIGHT) await Promise.race(running);
      }
      await Promise.all(running);
    } catch (error) {
      stop.abort(error);
      await Promise.allSettled(running);
      throw error;
    }
  }

  async #put(number: number, { bytes: body, done }: Part): Promise<void> {
    const sha256 = await sha256Hex(body);
    const query = { partNumber: String(number), uploadId: this.#id };
    const answer = await this.#call({
      method: "PUT",
      query,
      body,
      sha256,
      ...(this.#hasChecksums && { checksum: "body" }),
    });
    const etag = answer.headers.get("etag");
    if (etag === null) {
      const why = "the answer to a part has no ETag; in a browser, the bucket's CORS rule must expose the header";
      throw strangeAnswer(this.#client.subject(this.#creation), why, answer.status);
    }
    this.#sent[number - 1] = { etag, sha256, size: body.byteLength };
    // An abandoned attempt may still be sending these bytes. If they change, they no longer match the signed hash.
    done();
  }

  async complete(): Promise<void> {
    const checksum = (sha256: string): string =>
      this.#hasChecksums ? `<ChecksumSHA256>${checksumText(sha256)}</ChecksumSHA256>` : "";
    const items = this.#sent.map(
      ({ etag, sha256 }, i) =>
        `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escapeXml(etag)}</ETag>${checksum(sha256)}</Part>`,
    );
    const root = '<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">';
    const document = `${root}${items.join("")}</CompleteMultipartUpload>`;
    const request = this.#request({
      method: "POST",
      query: { uploadId: this.#id },
      headers: { "content-type": "application/xml" },
      body: utf8Encoder().encode(document),
    });
    const attempts = this.#client.attempts();
    let unclear = false;
    for (;;) {
      const { answer, fault: refused } = await this.#client.once(request);
      const fault = refused ?? this.#completionFault(answer);
      if (fault === undefined) return;
      unclear ||= fault.unknown;
      if (fault.again && (await attempts.again(fault.retryAfterMs, this.#creation.signal))) continue;
      if (!unclear) throw fault.error;
      // The upload no longer exists after its end, so the next attempt fails if only the response was lost.
      if (await this.#isStored()) return;
      throw outcomeUnknown(this.#client.subject(this.#creation), fault.error);
    }
  }

  /** Returns the fault in a response with status 200: a completion can fail after the store has sent its status. */
  #completionFault(answer: Answer): Fault | undefined {
    const body = text(answer);
    const document = parseXml(body, ["CompleteMultipartUploadResult", "Error"]);
    if (document?.name === "CompleteMultipartUploadResult") return undefined;
    const subject = this.#client.subject(this.#creation);
    return answerFault(
      subject,
      document === undefined ? 502 : 500,
      answer.headers,
      body,
      this.#client.settings.clock.now(),
    );
  }

  /** Returns whether the stored object has the bytes that were sent. Reads it part by part. */
  async #isStored(): Promise<boolean> {
    const reading = { ...this.#creation };
    try {
      const size = this.#sent.reduce((sum, part) => sum + part.size, 0);
      if ((await objectSize(this.#client, reading)) !== size) return false;
      let offset = 0;
      for (const part of this.#sent) {
        const bytes = await readObject(this.#client, reading, { offset, length: part.size });
        if ((await sha256Hex(bytes)) !== part.sha256) return false;
        offset += part.size;
      }
      return true;
    } catch (error) {
      if (LedgerError.is(error)) return false;
      throw error;
    }
  }

  /** Aborts the upload and removes its parts, if the store can be reached. */
  async abort(): Promise<void> {
    const request = this.#request({ method: "DELETE", query: { uploadId: this.#id } });
    await this.#client.call({ ...request, signal: undefined }).catch(() => {});
  }

  async #call(
    request: Pick<S3Request, "method" | "query" | "headers" | "body" | "sha256" | "checksum">,
  ): Promise<Answer> {
    const { answer, fault } = await this.#client.call(this.#request(request));
    if (fault !== undefined) throw fault.error;
    return answer;
  }

  #request(request: Pick<S3Request, "method" | "query" | "headers" | "body" | "sha256" | "checksum">): S3Request {
    const { operation, key, signal } = this.#creation;
    return { operation, key, object: this.#client.settings.base + key, maxBytes: MAX_ANSWER_BYTES, signal, ...request };
  }
}

function text({ bytes }: Answer): string {
  return utf8Decoder().decode(bytes);
}
