import { utf8Decoder, utf8Encoder } from "../bytes/utf8.ts";
import { parseJson } from "../bytes/parse-json.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { isKeyId } from "./key-id.ts";

/** The type of what is signed: an in-toto statement. */
export const PAYLOAD_TYPE = "application/vnd.in-toto+json";
/** How many signatures of one envelope are looked at. */
const MAX_SIGNATURES = 16;

/** A signature of an envelope. */
export interface EnvelopeSignature {
  /** Whose key it says it is. Nothing proves that. */
  readonly keyId: string;
  readonly signature: Uint8Array;
}

/** A DSSE envelope. */
export interface Envelope {
  readonly payload: Uint8Array;
  readonly signatures: readonly EnvelopeSignature[];
}

/** Returns the bytes that are signed for a payload: the pre-authentication encoding of DSSE. */
export function signedBytes(payload: Uint8Array): Uint8Array {
  const head = utf8Encoder().encode(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `);
  const bytes = new Uint8Array(head.length + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}

/** Returns an envelope with one signature, as a line of an in-toto bundle. */
export function encodeEnvelope(payload: Uint8Array, { keyId, signature }: EnvelopeSignature): Uint8Array {
  const envelope = {
    payloadType: PAYLOAD_TYPE,
    payload: encodeBase64(payload),
    signatures: [{ keyid: keyId, sig: encodeBase64(signature) }],
  };
  return utf8Encoder().encode(`${JSON.stringify(envelope)}\n`);
}

/** Returns the envelope of a bundle with one line. Throws a RangeError or a `LedgerError` for anything else. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const text = utf8Decoder({ fatal: true }).decode(bytes);
  if (text.indexOf("\n") !== text.length - 1) throw new RangeError("it is not one line");
  const envelope = membersOf(parseJson(text));
  const payload = typeof envelope["payload"] === "string" ? decodeBase64(envelope["payload"]) : undefined;
  if (envelope["payloadType"] !== PAYLOAD_TYPE || payload === undefined) throw new RangeError("its payload is wrong");
  const signatures = envelope["signatures"];
  if (!Array.isArray(signatures) || signatures.length === 0 || signatures.length > MAX_SIGNATURES)
    throw new RangeError("its signatures are wrong");
  return { payload, signatures: signatures.map(signatureOf) };
}

function signatureOf(value: unknown): EnvelopeSignature {
  const { keyid, sig } = membersOf(value);
  const signature = typeof sig === "string" ? decodeBase64(sig) : undefined;
  if (!isKeyId(keyid) || signature === undefined) throw new RangeError("a signature is wrong");
  return { keyId: keyid, signature };
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new RangeError("it is not an object");
  return value as Record<string, unknown>;
}
