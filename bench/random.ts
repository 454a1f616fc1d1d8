/** Random numbers that are the same on every run of one engine. */
export class Random {
  readonly #state: Uint32Array;
  #spare: number | undefined;

  /** Every seed gives a stream of its own. xoshiro128**, whose first outputs still resemble the seed and are passed over. */
  constructor(seed: number) {
    this.#state = Uint32Array.of(seed, 0x9e3779b9, 0x243f6a88, 0xb7e15162);
    for (let i = 0; i < 50; i++) this.#bits();
  }

  /** Evenly in [0, 1), with all 53 bits. */
  uniform(): number {
    const high = this.#bits();
    const low = this.#bits() >>> 11;
    return (high * 2 ** 21 + low) / 2 ** 53;
  }

  /** Standard normal, by Marsaglia's polar method: it finds two at a time. */
  normal(): number {
    const spare = this.#spare;
    if (spare !== undefined) {
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const x = this.uniform() * 2 - 1;
      const y = this.uniform() * 2 - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = y * scale;
      return x * scale;
    }
  }

  #bits(): number {
    const s = this.#state as Uint32Array & [number, number, number, number];
    const five = Math.imul(s[1], 5);
    const out = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return out;
  }
}
