import { expect, test } from "vitest";
import { sha256Hex, signedHeaders } from "../../../src/backends/s3/sign.ts";

// The examples of "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk", AWS
// documentation.
const keys = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  sessionToken: undefined,
  signingKeys: new Map<string, ArrayBuffer>(),
};
const host = "https://examplebucket.s3.amazonaws.com";
const time = Date.UTC(2013, 4, 24);

test.each([
  {
    name: "GET Object with a range",
    method: "GET",
    url: `${host}/test.txt`,
    headers: { range: "bytes=0-9" },
    body: "",
    signed: "host;range;x-amz-content-sha256;x-amz-date",
    signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
  {
    name: "PUT Object",
    method: "PUT",
    url: `${host}/test%24file.text`,
    headers: { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
    body: "Welcome to Amazon S3.",
    signed: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
    signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  },
  {
    name: "GET Bucket lifecycle",
    method: "GET",
    url: `${host}/?lifecycle=`,
    headers: {},
    body: "",
    signed: "host;x-amz-content-sha256;x-amz-date",
    signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  },
  {
    name: "GET Bucket, list objects",
    method: "GET",
    url: `${host}/?max-keys=2&prefix=J`,
    headers: {},
    body: "",
    signed: "host;x-amz-content-sha256;x-amz-date",
    signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  },
])("AWS's example: $name", async ({ method, url, headers, body, signed, signature }) => {
  const payloadSha256 = await sha256Hex(new TextEncoder().encode(body));
  const out = await signedHeaders(
    { method, url, headers: headers as never, payloadSha256, region: "us-east-1", time },
    keys,
  );
  expect(out.get("authorization")).toBe(
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, " +
      `SignedHeaders=${signed}, Signature=${signature}`,
  );
});

test("without keys nothing is signed", async () => {
  const out = await signedHeaders(
    { method: "GET", url: host, headers: {}, payloadSha256: "", region: "us-east-1", time },
    undefined,
  );
  expect([...out.keys()]).toEqual([]);
});
