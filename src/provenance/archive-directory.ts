/** A file in an archive. */
export interface ArchiveEntry {
  /** The name in UTF-8. */
  readonly path: Uint8Array;
  /** Where the file begins in the archive. */
  readonly offset: number;
  /** How its bytes are stored: 0 as they are, 8 deflated. */
  readonly method: number;
  /** The CRC-32 of its bytes. */
  readonly crc: number;
  /** The number of bytes that are stored. */
  readonly packed: number;
  /** The number of its bytes. */
  readonly size: number;
}

/** Returns whether a file would be unpacked elsewhere on some system: its path is absolute, or has `..` or a zero byte. */
export function leavesDirectory(path: string): boolean {
  return /^(?:[\\/]|[a-z]:[\\/])|(?:^|[\\/])\.\.(?:[\\/]|$)|\0/i.test(path);
}

const END_BYTES = 22;
const HEADER_BYTES = 46;
const LOCAL_HEADER_BYTES = 30;

/** Returns the files of a zip archive in its order, and where its directory begins, or `undefined` for anything else. */
export function readArchiveDirectory(
  bytes: Uint8Array,
): { readonly files: readonly ArchiveEntry[]; readonly directory: number } | undefined {
  const end = bytes.length - END_BYTES;
  if (end < 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(end, true) !== 0x06054b50) return undefined;
  const count = view.getUint16(end + 10, true);
  const directory = view.getUint32(end + 16, true);
  const files: ArchiveEntry[] = [];
  let at = directory;
  for (let i = 0; i < count; i++) {
    if (at + HEADER_BYTES > end || view.getUint32(at, true) !== 0x02014b50) return undefined;
    const offset = view.getUint32(at + 42, true);
    if (offset >= directory || offset < (files.at(-1)?.offset ?? 0)) return undefined;
    const path = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + view.getUint16(at + 28, true));
    files.push({
      path,
      offset,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
    });
    at += HEADER_BYTES + path.length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return at === end ? { files, directory } : undefined;
}

/** Returns the bytes of a file as they are stored, or `undefined` if they are not all there. */
export function storedBytes(archive: Uint8Array, { offset, packed }: ArchiveEntry): Uint8Array | undefined {
  if (offset + LOCAL_HEADER_BYTES > archive.length) return undefined;
  const view = new DataView(archive.buffer, archive.byteOffset + offset, LOCAL_HEADER_BYTES);
  const from = offset + LOCAL_HEADER_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
  return from + packed > archive.length ? undefined : archive.subarray(from, from + packed);
}
