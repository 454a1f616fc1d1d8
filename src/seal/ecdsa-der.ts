/** The bytes of each of the two numbers of an ECDSA signature on the curve P-256. */
const NUMBER_BYTES = 32;
const SEQUENCE = 0x30;
const INTEGER = 0x02;

/**
 * Returns an ECDSA signature on P-256 in DER, as OpenSSL, most key services and other verifiers of DSSE have it. `raw`:
 * the two numbers one after the other, as WebCrypto makes them.
 */
export function toDer(raw: Uint8Array): Uint8Array {
  const numbers = [raw.subarray(0, NUMBER_BYTES), raw.subarray(NUMBER_BYTES)].flatMap(integer);
  return Uint8Array.of(SEQUENCE, numbers.length, ...numbers);
}

function integer(bytes: Uint8Array): number[] {
  const digits = [...bytes.subarray(bytes.findIndex((byte) => byte !== 0))];
  if ((digits[0] as number) >= 0x80) digits.unshift(0);
  return [INTEGER, digits.length, ...digits];
}

/** Returns what {@link toDer} made a signature from, or `undefined` for any other bytes. */
export function fromDer(der: Uint8Array): Uint8Array | undefined {
  const raw = new Uint8Array(2 * NUMBER_BYTES);
  let at = 2;
  for (let n = 0; n < 2; n++) {
    const length = der[at + 1] ?? 0;
    const digits = der.subarray(at + 2, at + 2 + length);
    at += 2 + length;
    const number = digits[0] === 0 ? digits.subarray(1) : digits;
    if (number.length === 0 || number.length > NUMBER_BYTES) return undefined;
    raw.set(number, (n + 1) * NUMBER_BYTES - number.length);
  }
  const canonical = toDer(raw);
  const isSame = canonical.length === der.length && canonical.every((byte, i) => byte === der[i]);
  return isSame ? raw : undefined;
}
