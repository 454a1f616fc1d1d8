import { randomBytes } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import type { S3BackendOptions, S3Credentials } from "../../src/backends/s3/index.ts";

/** Whether a server's conditional writes are atomic, as far as is known. */
const IS_ATOMIC = { ceph: true, versitygw: true, moto: true, s3mock: false };

/** The S3 server that the environment names: test/servers/ceph-rgw.sh and s3-server.sh print what is to be set. */
export interface RealS3 {
  readonly name: keyof typeof IS_ATOMIC;
  readonly isAtomic: boolean;
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: S3Credentials;
}

/** Throws when the environment names no server: these tests are run only where there is one. */
export function realS3(): RealS3 {
  const {
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  } = process.env;
  if (endpoint === undefined || accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error(
      'no S3 server: run  set -a; eval "$(test/servers/ceph-rgw.sh start "$(mktemp -d)")"; set +a  first (test/servers/install-ceph.sh installs it)',
    );
  }
  const name = process.env["S3_SERVER"] ?? "ceph";
  if (!(name in IS_ATOMIC)) throw new Error(`S3_SERVER is ${name}, which nobody knows`);
  const known = name as RealS3["name"];
  return {
    name: known,
    isAtomic: IS_ATOMIC[known],
    endpoint,
    region: process.env["AWS_REGION"] ?? "us-east-1",
    credentials: { accessKeyId, secretAccessKey },
  };
}

/** Makes a bucket, by default with a name of its own. */
export async function makeBucket(server: RealS3, name = `test-${randomBytes(8).toString("hex")}`): Promise<string> {
  await put(server, name);
  return name;
}

/** Lets pages from anywhere use a bucket, by the rule that src/backends/s3/README.md asks for and no more. */
export async function allowPages(server: RealS3, bucket: string): Promise<void> {
  const list = (name: string, of: string): string =>
    of
      .split(" ")
      .map((each) => `<${name}>${each}</${name}>`)
      .join("");
  const rule = [
    list("AllowedOrigin", "*"),
    list("AllowedMethod", "GET PUT POST DELETE"),
    list("AllowedHeader", "authorization content-type if-none-match range x-amz-*"),
    list("ExposeHeader", "ETag Content-Range Date Retry-After x-amz-request-id x-amz-bucket-region"),
  ];
  await put(server, `${bucket}?cors`, `<CORSConfiguration><CORSRule>${rule.join("")}</CORSRule></CORSConfiguration>`);
}

async function put(server: RealS3, path: string, body = ""): Promise<void> {
  const { accessKeyId, secretAccessKey } = server.credentials;
  const signer = new AwsV4Signer({
    method: "PUT",
    url: `${server.endpoint}/${path}`,
    headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
    accessKeyId,
    secretAccessKey,
    service: "s3",
    region: server.region,
  });
  const { url, method, headers } = await signer.sign();
  const response = await fetch(url, { method, headers, ...(body !== "" && { body }) });
  if (!response.ok) throw new Error(`PUT ${path} failed with ${response.status}: ${await response.text()}`);
}

/** Options for a backend in a bucket of the server. */
export function inBucket(server: RealS3, bucket: string, more: Partial<S3BackendOptions> = {}): S3BackendOptions {
  return { endpoint: server.endpoint, region: server.region, credentials: server.credentials, bucket, ...more };
}
