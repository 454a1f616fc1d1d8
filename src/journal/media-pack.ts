/**
 * An object with small contents of rich values. The contents of a session are one stream of bytes; a pack holds its
 * bytes from `from` up to `to`. Several packs may hold the same bytes.
 */
export interface MediaPack {
  /** The id of the stream. */
  readonly stream: string;
  readonly from: number;
  readonly to: number;
  /** The SHA-256 of the object, 64 hex digits. So copies of a process that go on with one stream never clash. */
  readonly hex: string;
}

/** The place of a content in the stream of its session. */
export interface PackedPlace {
  /** The id of the stream. */
  readonly stream: string;
  /** The number of bytes before the content. */
  readonly offset: number;
}

/** The greatest number of bytes of a content in a pack. */
export const MAX_PACKED_BYTES: number = 64 * 1024;
/** The greatest number of bytes of a content that a reader takes from a pack. */
export const MAX_READ_PACKED_BYTES: number = 8 * 1024 * 1024;

const NAME = /^media\/([0-9a-z][0-9a-z_-]{0,63})\.(0|[1-9][0-9]{0,14})-([1-9][0-9]{0,14})\.([0-9a-f]{64})$/;

/** Returns the name of a pack below the prefix of its run. */
export function mediaPackName({ stream, from, to, hex }: MediaPack): string {
  return `media/${stream}.${from}-${to}.${hex}`;
}

/** Returns the pack with a name of {@link mediaPackName}, or `undefined` for any other name. */
export function parseMediaPackName(name: string): MediaPack | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const [from, to] = [Number(match[2]), Number(match[3])];
  return from < to ? { stream: match[1] as string, from, to, hex: match[4] as string } : undefined;
}

/** A listed pack. */
export interface MediaPackEntry extends MediaPack {
  /** The name below the prefix of the run. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** Returns the listed pack with this name, or `undefined` for the name of another object. */
export function toMediaPackEntry(name: string, size: number): MediaPackEntry | undefined {
  const pack = parseMediaPackName(name);
  return pack && { ...pack, name, size };
}

/** Returns the packs whose bytes no other pack of the list holds, as far as the names say. */
export function neededPacks<T extends MediaPack>(packs: readonly T[]): T[] {
  const sorted = [...packs].sort(
    (a, b) => (a.stream < b.stream ? -1 : a.stream > b.stream ? 1 : 0) || a.from - b.from || b.to - a.to,
  );
  let last: T | undefined;
  return sorted.filter((pack) => {
    // A session gives two packs of the same range different contents only after it was copied.
    const isRepeated = last?.stream === pack.stream && pack.to <= last.to && pack.to - pack.from < last.to - last.from;
    if (!isRepeated) last = pack;
    return !isRepeated;
  });
}
