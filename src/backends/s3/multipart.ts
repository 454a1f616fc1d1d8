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
 * Creates an object with a multipart upload; two parts are under way at a time. Whether the key exists is looked up before and
 * once more right before the end: no store can be relied on to check it as part of the last step. `stop` ends `parts` and
 * everything under way; when anything fails, the upload is aborted and leaves nothing behind.
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
    // An aborted call is to reject at once.
    if (creation.signal?.aborted !== true) await cleared;
    throw error;
  }
}

class Upload {
  readonly #client: Client;
  readonly #creation: Creation;
  readonly #sent: SentPart[] = [];
  #id = "";
  /** Such an upload names the checksum of each part once more when it ends. */
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
        // A failure ends the reading of the body, too, which may be waiting for its source.
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
      const why = "the answer to a part has no ETag; in a browser the bucket's CORS rule must expose it";
      throw strangeAnswer(this.#client.subject(this.#creation), why, answer.status);
    }
    this.#sent[number - 1] = { etag, sha256, size: body.byteLength };
    // An attempt given up earlier may still be sending these bytes; changed ones do not match the hash it is signed with.
    done();
  }

  async complete(): Promise<void> {
    const checksum = (sha256: string): string =>
      this.#hasChecksums ? `<ChecksumSHA256>${checksumText(sha256)}</ChecksumSHA256>` : "";
    const items = this.#sent.map(
      ({ etag, sha256 }, i) =>
        `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escapeXml(etag)}</ETag>${checksum(sha256)}</Part>`,
    );
    const document = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${items.join("")}</CompleteMultipartUpload>`;
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
      // The upload is gone once it has ended, so an answer that got lost shows as a failure of the next attempt.
      if (await this.#isStored()) return;
      throw outcomeUnknown(this.#client.subject(this.#creation), fault.error);
    }
  }

  /** A completion can fail after its status, 200, has been sent. */
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

  /** Reads the object back, part by part, and holds it against what was sent. */
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

  /** Gives up the upload and its parts, as far as the store can be reached. */
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
