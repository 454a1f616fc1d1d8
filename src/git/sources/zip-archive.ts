import { Deflate, deflateSync } from "fflate";
import { concatBytes } from "../../backend/body.ts";
import { crc32 } from "../../bytes/crc32.ts";
import { utf8Encoder } from "../../bytes/utf8.ts";
import { breakIfDue } from "../../platform/event-loop.ts";

/** 1 January 1980, the first day that the format knows. */
const DATE = 0x21;
/** Names are UTF-8. */
const FLAGS = 0x800;
/** A file that its owner may write and others may read, as Unix has it. */
const ATTRIBUTES = 0o100644 * 65_536;
const VERSION = 20;
const BY_UNIX: number = 3 * 256 + VERSION;
const STORED = 0;
const DEFLATED = 8;
/** More bytes are deflated in pieces, so that other work can run in between. */
const PIECE_BYTES: number = 32 * 1024;

interface PackedFile {
  readonly path: string;
  readonly local: Uint8Array;
  readonly central: Uint8Array;
}

/**
 * Makes a zip archive. The same files give the same bytes everywhere: they are sorted by path, and have neither times
 * nor permissions.
 */
export class ZipArchive {
  readonly #files: PackedFile[] = [];

  get count(): number {
    return this.#files.length;
  }

  async add(path: string, bytes: Uint8Array): Promise<void> {
    const deflated = await deflate(bytes);
    const [method, content] = deflated.length < bytes.length ? [DEFLATED, deflated] : [STORED, bytes];
    const name = utf8Encoder().encode(path);
    const about = new DataView(new ArrayBuffer(26));
    [VERSION, FLAGS, method, 0, DATE].forEach((value, i) => about.setUint16(2 * i, value, true));
    about.setUint32(10, crc32(bytes), true);
    about.setUint32(14, content.length, true);
    about.setUint32(18, bytes.length, true);
    about.setUint16(22, name.length, true);
    const shared = new Uint8Array(about.buffer);
    const central = new DataView(new ArrayBuffer(46));
    central.setUint32(0, 0x02014b50, true);
    central.setUint16(4, BY_UNIX, true);
    new Uint8Array(central.buffer).set(shared, 6);
    central.setUint32(38, ATTRIBUTES, true);
    this.#files.push({
      path,
      local: concatBytes([Uint8Array.of(0x50, 0x4b, 3, 4), shared, name, content]),
      central: concatBytes([new Uint8Array(central.buffer), name]),
    });
  }

  /** Returns the archive. */
  end(): Uint8Array {
    const files = this.#files.sort((a, b) => (a.path < b.path ? -1 : 1));
    let offset = 0;
    for (const { local, central } of files) {
      new DataView(central.buffer, central.byteOffset).setUint32(42, offset, true);
      offset += local.length;
    }
    const size = files.reduce((sum, { central }) => sum + central.length, 0);
    const end = new DataView(new ArrayBuffer(22));
    end.setUint32(0, 0x06054b50, true);
    end.setUint16(8, files.length, true);
    end.setUint16(10, files.length, true);
    end.setUint32(12, size, true);
    end.setUint32(16, offset, true);
    const parts = [...files.map(({ local }) => local), ...files.map(({ central }) => central)];
    return concatBytes([...parts, new Uint8Array(end.buffer)]);
  }
}

async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes.length <= PIECE_BYTES) return deflateSync(bytes);
  const parts: Uint8Array[] = [];
  const stream = new Deflate((part) => void parts.push(part));
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
    stream.push(bytes.subarray(from, from + PIECE_BYTES), from + PIECE_BYTES >= bytes.length);
    await breakIfDue();
  }
  return concatBytes(parts);
}
