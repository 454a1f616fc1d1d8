import { createPublicKey, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeEnvelope, encodeEnvelope, signedBytes } from "../../src/seal/dsse.ts";
import { fromDer, toDer } from "../../src/seal/ecdsa-der.ts";
import { generateSigner, importSigner, privateKey, publicKey, type PublicKey } from "../../src/seal/index.ts";
import { TrustedKeys } from "../../src/seal/trusted-keys.ts";

const payload = new TextEncoder().encode('{"a":1}');

describe.each(["Ed25519", "ES256"] as const)("%s", (algorithm) => {
  test("OpenSSL verifies what a signer signs, and so does its public key", async () => {
    const signer = await generateSigner({ algorithm, keyId: "k1" });
    const signature = await signer.sign(signedBytes(payload));
    const key = createPublicKey({ key: publicKey(signer) as never, format: "jwk" });
    expect(verify(algorithm === "ES256" ? "sha256" : null, signedBytes(payload), key, signature)).toBe(true);
    const keys = await TrustedKeys.read([publicKey(signer)]);
    expect(await keys.check(payload, { keyId: "k1", signature })).toBe("right");
    expect(await keys.check(payload, { keyId: "k2", signature })).toBe("unknown");
    for (let at = 0; at < signature.length; at++) {
      const changed = signature.with(at, signature[at]! ^ 1);
      expect(await keys.check(payload, { keyId: "k1", signature: changed })).toBe("wrong");
    }
    for (let at = 0; at < payload.length; at++) {
      const changed = payload.with(at, payload[at]! ^ 1);
      expect(await keys.check(changed, { keyId: "k1", signature })).toBe("wrong");
    }
    for (const cut of [new Uint8Array(), signature.subarray(1), new Uint8Array([...signature, 0])])
      expect(await keys.check(payload, { keyId: "k1", signature: cut })).toBe("wrong");
  });

  test("a private key gives the same signer again; a public key has no secret, and printing shows none", async () => {
    const signer = await generateSigner({ algorithm });
    const secret = privateKey(signer);
    const again = await importSigner(JSON.parse(JSON.stringify(secret)));
    expect(again.keyId).toBe(signer.keyId);
    expect(publicKey(again)).toEqual(publicKey(signer));
    expect(publicKey(signer)).not.toHaveProperty("d");
    expect(inspect(signer, { depth: 9, showHidden: true })).not.toContain(secret.d);
    expect(JSON.stringify(signer)).not.toContain(secret.d);
    const keys = await TrustedKeys.read([publicKey(signer)]);
    const signature = await again.sign(signedBytes(payload));
    expect(await keys.check(payload, { keyId: signer.keyId, signature })).toBe("right");
  });

  test("the key of another signer with the same id is wrong", async () => {
    const [one, other] = [await generateSigner({ algorithm, keyId: "k" }), await generateSigner({ keyId: "k" })];
    const keys = await TrustedKeys.read([publicKey(one)]);
    expect(await keys.check(payload, { keyId: "k", signature: await other.sign(signedBytes(payload)) })).toBe("wrong");
  });
});

test("the id of a key is its thumbprint of RFC 7638 and RFC 8037", async () => {
  const jwk = {
    kty: "OKP",
    crv: "Ed25519",
    d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  };
  expect((await importSigner(jwk)).keyId).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
});

test("what is no key, no id or no signer is refused by name", async () => {
  const refused = (field: string): object => expect.objectContaining({ code: "INVALID_ARGUMENT", field });
  const { d: _, ...open } = privateKey(await generateSigner());
  await expect(importSigner(open as never)).rejects.toEqual(refused("jwk.d"));
  await expect(importSigner(undefined as never)).rejects.toEqual(refused("jwk"));
  await expect(importSigner({ kty: "RSA", crv: "", x: "", d: "" })).rejects.toEqual(refused("jwk.crv"));
  await expect(importSigner({ ...open, x: "AA", d: "AA" })).rejects.toEqual(refused("jwk"));
  for (const keyId of ["", "a\n", "x".repeat(201), 5 as never])
    await expect(generateSigner({ keyId })).rejects.toEqual(refused("keyId"));
  await expect(generateSigner({ algorithm: "RS256" as never })).rejects.toEqual(refused("algorithm"));
  expect(() => publicKey({ keyId: "k", sign: async () => payload })).toThrow(refused("signer"));
  await expect(TrustedKeys.read("k" as never)).rejects.toEqual(refused("keys"));
});

test("several keys may have one id, and a signature of any of them is right", async () => {
  const [old, fresh, other] = [
    await generateSigner({ keyId: "ci" }),
    await generateSigner({ keyId: "ci", algorithm: "ES256" }),
    await generateSigner({ keyId: "ci" }),
  ];
  const keys = await TrustedKeys.read([publicKey(old), publicKey(fresh), publicKey(old)]);
  for (const [signer, result] of [
    [old, "right"],
    [fresh, "right"],
    [other, "wrong"],
  ] as const)
    expect(await keys.check(payload, { keyId: "ci", signature: await signer.sign(signedBytes(payload)) })).toBe(result);
});

test("DER and raw signatures of P-256 are converted both ways; other bytes are refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (raw) => {
      fc.pre(raw.subarray(0, 32).some((byte) => byte > 0) && raw.subarray(32).some((byte) => byte > 0));
      const der = toDer(raw);
      expect(fromDer(der)).toEqual(raw);
      expect(fromDer(new Uint8Array([...der, 0]))).toBeUndefined();
      expect(fromDer(der.subarray(0, -1))).toBeUndefined();
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const raw = fromDer(bytes);
      if (raw !== undefined) expect(toDer(raw)).toEqual(bytes);
    }),
  );
});

test("the signed bytes are those of the example of DSSE's pre-authentication encoding", () => {
  expect(new TextDecoder().decode(signedBytes(payload))).toBe('DSSEv1 28 application/vnd.in-toto+json 7 {"a":1}');
});

test("an envelope is read as it was written; anything else is refused", () => {
  const signature = Uint8Array.of(1, 2, 3);
  const bytes = encodeEnvelope(payload, { keyId: "k", signature });
  expect(decodeEnvelope(bytes)).toEqual({ payload, signatures: [{ keyId: "k", signature }] });
  const text = new TextDecoder().decode(bytes);
  for (const changed of [
    text.trimEnd(),
    `${text}\n`,
    text.replace("in-toto", "in_toto"),
    text.replace('"k"', '""'),
    text.replace('"k"', "5"),
    text.replace("AQID", "AQI D"),
    text.replace("AQID", "AQIDA"),
    text.replace(/"signatures":.*/, '"signatures":[]}'),
    text.replace(/"signatures":.*/, `"signatures":[${Array(17).fill('{"keyid":"k","sig":"AQID"}').join()}]}`),
    '{"__proto__":{"payload":""}}\n',
    `${"[".repeat(100_000)}\n`,
    "null\n",
  ])
    expect(() => decodeEnvelope(new TextEncoder().encode(changed))).toThrow(
      /it is|are wrong|is wrong|CORRUPT|JSON|deep/,
    );
});

// Made once by `cryptography` in Python, as `test/engines/seals.py` makes signatures.
test("envelopes that Python signed are read, and their signatures are right", async () => {
  const made = JSON.parse(await readFile(new URL("python-signatures.json", import.meta.url), "utf8")) as {
    readonly key: PublicKey;
    readonly envelope: string;
  }[];
  expect(made.length).toBe(8);
  const keys = await TrustedKeys.read(made.map(({ key }) => key));
  for (const { envelope } of made) {
    const { payload: signed, signatures } = decodeEnvelope(new TextEncoder().encode(envelope));
    const [signature] = signatures as [(typeof signatures)[number]];
    expect(await keys.check(signed, signature)).toBe("right");
    expect(await keys.check(signed.with(0, 0), signature)).toBe("wrong");
  }
});
