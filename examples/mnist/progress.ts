/** A progress bar in a terminal; elsewhere one line at the end of each epoch. */
export class Progress {
  readonly #label: string;
  readonly #total: number;
  readonly #started: number = Date.now();
  #done: number = 0;
  #drawn: number = 0;

  /** `total` is the number of batches of the whole training. */
  constructor(label: string, total: number) {
    this.#label = label;
    this.#total = total;
  }

  batch(text: string): void {
    this.#done++;
    if (!process.stdout.isTTY || Date.now() - this.#drawn < 50) return;
    this.#drawn = Date.now();
    this.#draw(text);
  }

  epoch(text: string): void {
    if (process.stdout.isTTY) this.#draw(text);
    else process.stdout.write(`${this.#label}  ${text}  ${this.#seconds()} s\n`);
  }

  end(): void {
    if (process.stdout.isTTY) process.stdout.write("\n");
  }

  #draw(text: string): void {
    const width = 24;
    const filled = Math.round((this.#done / this.#total) * width);
    const bar = "█".repeat(filled) + "░".repeat(width - filled);
    const line = `${this.#label}  ${bar}  ${text}  ${this.#seconds()} s`;
    // Back to the start of the line, and clear what is left of the line before.
    process.stdout.write(`\r${line.slice(0, (process.stdout.columns ?? 120) - 1)}\u001b[K`);
  }

  #seconds(): string {
    return ((Date.now() - this.#started) / 1000).toFixed(1);
  }
}
