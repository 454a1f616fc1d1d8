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

/** A CORS rule, as the AWS program takes it. */
export interface CorsRule {
  readonly AllowedOrigins: readonly string[];
  readonly AllowedMethods: readonly string[];
  readonly AllowedHeaders: readonly string[];
  readonly ExposeHeaders: readonly string[];
  readonly MaxAgeSeconds?: number;
}

/** Lets pages from anywhere use a bucket, by the rule that src/backends/s3/README.md asks for and no more. */
export async function allowPages(server: RealS3, bucket: string): Promise<void> {
  await putCorsRule(server, bucket, {
    AllowedOrigins: ["*"],
    AllowedMethods: ["GET", "PUT", "POST", "DELETE"],
    AllowedHeaders: ["authorization", "content-type", "if-none-match", "range", "x-amz-*"],
    ExposeHeaders: ["ETag", "Content-Range", "Date", "Retry-After", "x-amz-request-id", "x-amz-bucket-region"],
  });
}

/** Sets the CORS rule of a bucket. */
export async function putCorsRule(server: RealS3, bucket: string, rule: CorsRule): Promise<void> {
  const list = (name: string, values: readonly string[]): string =>
    values.map((each) => `<${name}>${each}</${name}>`).join("");
  const { AllowedOrigins, AllowedMethods, AllowedHeaders, ExposeHeaders, MaxAgeSeconds } = rule;
  const parts = [
    list("AllowedOrigin", AllowedOrigins),
    list("AllowedMethod", AllowedMethods),
    list("AllowedHeader", AllowedHeaders),
    list("ExposeHeader", ExposeHeaders),
    ...(MaxAgeSeconds === undefined ? [] : [`<MaxAgeSeconds>${MaxAgeSeconds}</MaxAgeSeconds>`]),
  ];
  await put(server, `${bucket}?cors`, `<CORSConfiguration><CORSRule>${parts.join("")}</CORSRule></CORSConfiguration>`);
}

/** Lets everybody read the objects of a bucket. */
export async function allowEverybody(server: RealS3, bucket: string): Promise<void> {
  const statement = {
    Effect: "Allow",
    Principal: "*",
    Action: "s3:GetObject",
    Resource: `arn:aws:s3:::${bucket}/*`,
  };
  await put(server, `${bucket}?policy`, JSON.stringify({ Version: "2012-10-17", Statement: [statement] }));
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
