/** What must be there after a power cut. */
export interface Acknowledged {
  readonly runs: {
    [id: string]: { readonly points: number; readonly finished: boolean; readonly deleted: boolean };
  };
  readonly artifacts: { readonly ref: string; readonly name: string; readonly size: number }[];
}

export function lossAt(step: number): number {
  return Math.sqrt(step) / 3;
}

/** The content of the artifact with that name. */
export function artifactBytes(name: string, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) + name.length) & 0xff;
  return bytes;
}
