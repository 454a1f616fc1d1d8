import { unzlibSync, zlibSync } from "fflate";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
const BYTES_A_LINE = 52;

/** Returns one side of a binary patch of git: deflated bytes in base 85. */
export function writeLiteral(bytes: Uint8Array): string {
  const deflated = zlibSync(bytes);
  let text = `literal ${bytes.length}\n`;
  for (let from = 0; from < deflated.length; from += BYTES_A_LINE) {
    const line = deflated.subarray(from, from + BYTES_A_LINE);
    text += String.fromCharCode(line.length <= 26 ? 64 + line.length : 70 + line.length);
    for (let at = 0; at < line.length; at += 4) {
      let word = 0;
      for (let i = 0; i < 4; i++) word = word * 256 + (line[at + i] ?? 0);
      let group = "";
      for (let i = 0; i < 5; i++) {
        group = (ALPHABET[word % 85] as string) + group;
        word = Math.floor(word / 85);
      }
      text += group;
    }
    text += "\n";
  }
  return `${text}\n`;
}

/**
 * Returns what a side of a binary patch inflates to: the content, or the instructions of a delta with its new bytes.
 * `lines` come after the line with the size. Throws if they are damaged or hold more than `size` bytes.
 */
export function readLiteral(lines: readonly string[], size: number): Uint8Array {
  const deflated: number[] = [];
  for (const line of lines) {
    const code = line.charCodeAt(0);
    const length = code <= 90 ? code - 64 : code - 70;
    const bytes: number[] = [];
    for (let at = 1; at + 5 <= line.length; at += 5) {
      let word = 0;
      for (let i = 0; i < 5; i++) word = word * 85 + ALPHABET.indexOf(line[at + i] as string);
      bytes.push((word >>> 24) & 255, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
    }
    if (bytes.length < length) throw new RangeError("a binary patch is damaged");
    for (const byte of bytes.slice(0, length)) deflated.push(byte);
  }
  return unzlibSync(Uint8Array.from(deflated), { out: new Uint8Array(size) });
}
