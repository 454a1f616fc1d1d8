import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { RawRequest } from "./messages.ts";
import { S3Error } from "./messages.ts";

export interface KnownKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

interface Expectation {
  readonly keys: readonly KnownKeys[];
  readonly expiredTokens: ReadonlySet<string>;
  readonly region: string;
  readonly now: number;
}

const MAX_SKEW_MS = 15 * 60_000;

/** What a request says of its signature, in a header or in its query. */
interface Claim {
  readonly accessKey: string;
  readonly day: string;
  readonly scopeRegion: string;
  readonly signedNames: string;
  readonly signature: string;
  readonly date: string;
  readonly token: string;
  /** The hash of the body that was signed. */
  readonly payload: string;
}

/** Returns whether the signature of a request is in its query. */
export function isPresigned({ target }: RawRequest): boolean {
  return /[?&]X-Amz-Signature=/.test(target);
}

function claimOf(request: RawRequest): Claim {
  const header = (name: string): string => request.headers.get(name) ?? "";
  if (isPresigned(request)) {
    const query = new Map(
      (request.target.split("?", 2)[1] ?? "").split("&").map((pair) => {
        const [name = "", value = ""] = pair.split("=", 2).map(decodeURIComponent);
        return [name, value] as const;
      }),
    );
    const text = (name: string): string => query.get(`X-Amz-${name}`) ?? "";
    const [accessKey = "", day = "", scopeRegion = ""] = text("Credential").split("/");
    return {
      accessKey,
      day,
      scopeRegion,
      signedNames: text("SignedHeaders"),
      signature: text("Signature"),
      date: text("Date"),
      token: text("Security-Token"),
      payload: "UNSIGNED-PAYLOAD",
    };
  }
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      header("authorization"),
    );
  if (match === null) throw new S3Error(400, "AuthorizationHeaderMalformed");
  const [, accessKey = "", day = "", scopeRegion = "", signedNames = "", signature = ""] = match;
  const payload = createHash("sha256").update(request.body).digest("hex");
  const [date, token] = [header("x-amz-date"), header("x-amz-security-token")];
  return { accessKey, day, scopeRegion, signedNames, signature, date, token, payload };
}

/**
 * Checks a Signature Version 4, in a header or in the query, as AWS documents it, written apart from the client's
 * signer. Throws {@link S3Error}.
 */
export function verifySignature(request: RawRequest, { keys, expiredTokens, region, now }: Expectation): void {
  const header = (name: string): string => request.headers.get(name) ?? "";
  const claim = claimOf(request);
  const { accessKey, day, scopeRegion, signedNames, signature, date, token, payload } = claim;
  const time = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (Number.isNaN(time) || !date.startsWith(day)) throw new S3Error(403, "AccessDenied");
  if (isPresigned(request)) {
    const seconds = Number(/[?&]X-Amz-Expires=(\d+)/.exec(request.target)?.[1]);
    if (!(now < time + seconds * 1000)) throw new S3Error(403, "AccessDenied", { Message: "Request has expired" });
  } else if (Math.abs(time - now) > MAX_SKEW_MS) {
    throw new S3Error(403, "RequestTimeTooSkewed", { RequestTime: date, ServerTime: new Date(now).toISOString() });
  }
  const known = keys.find((k) => k.accessKeyId === accessKey);
  if (known === undefined) throw new S3Error(403, "InvalidAccessKeyId", { AWSAccessKeyId: accessKey });
  if (scopeRegion !== region) throw new S3Error(400, "AuthorizationHeaderMalformed", { Region: region });
  checkToken(token, known, expiredTokens);

  if (!isPresigned(request) && header("x-amz-content-sha256") !== payload)
    throw new S3Error(400, "XAmzContentSHA256Mismatch");
  const names = signedNames.split(";");
  for (const name of ["host", ...[...request.headers.keys()].filter((n) => n.startsWith("x-amz-"))]) {
    if (!names.includes(name)) throw new S3Error(403, "AccessDenied", { Reason: `${name} is not signed` });
  }
  const [path = "", search = ""] = request.target.split("?", 2);
  const canonicalQuery = search
    .split("&")
    .filter(Boolean)
    .map((pair) => pair.split("=", 2).map((part) => encode(decodeURIComponent(part.replaceAll("+", " ")))))
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name = "", value = ""]) => `${name}=${value}`)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .join("&");
  const canonical = [
    request.method,
    path
      .split("/")
      .map((part) => encode(decodeURIComponent(part)))
      .join("/"),
    canonicalQuery,
    ...names.map((name) => `${name}:${(name === "host" ? request.host : header(name)).trim().replace(/\s+/g, " ")}`),
    "",
    signedNames,
    payload,
  ].join("\n");
  const scope = `${day}/${scopeRegion}/s3/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", date, scope, createHash("sha256").update(canonical).digest("hex")].join("\n");
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
  const signingKey = [day, scopeRegion, "s3", "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${known.secretAccessKey}`,
  );
  const expected = hmac(signingKey, toSign);
  if (!timingSafeEqual(expected, Buffer.from(signature, "hex"))) {
    throw new S3Error(403, "SignatureDoesNotMatch", {
      AWSAccessKeyId: accessKey,
      StringToSign: toSign,
      SignatureProvided: signature,
      CanonicalRequest: canonical,
    });
  }
}

function checkToken(token: string, known: KnownKeys, expired: ReadonlySet<string>): void {
  if (expired.has(token)) throw new S3Error(400, "ExpiredToken", { "Token-0": token });
  if (token !== (known.sessionToken ?? "")) throw new S3Error(403, "InvalidToken", { "Token-0": token });
}

function encode(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      /[A-Za-z0-9._~-]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    )
    .join("");
}
