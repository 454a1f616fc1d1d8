/** A line that is drawn again and again in a terminal; elsewhere a line at the end of each epoch. */
export class Progress {
  readonly #label: string;
  readonly #epochs: number;
  readonly #batches: number;
  readonly #started: number = Date.now();
  #done: number = 0;
  #drawn: number = 0;
  #validation: number | undefined;

  /** `batches` is the number of batches of an epoch. */
  constructor(label: string, epochs: number, batches: number) {
    this.#label = label;
    this.#epochs = epochs;
    this.#batches = batches;
  }

  batch(loss: number | undefined): void {
    const epoch = Math.floor(this.#done / this.#batches) + 1;
    this.#done++;
    if (!isDrawn || Date.now() - this.#drawn < 50) return;
    this.#drawn = Date.now();
    this.#draw(`epoch ${epoch}/${this.#epochs}${this.#accuracy() || `  loss ${loss?.toFixed(4)}`}`);
  }

  /** `accuracy` is that of the validation. */
  epoch(accuracy: number | undefined): void {
    this.#validation = accuracy;
    const text = `epoch ${Math.round(this.#done / this.#batches)}/${this.#epochs}${this.#accuracy()}`;
    if (isDrawn) this.#draw(text);
    else process.stdout.write(`${this.#label}  ${text}  ${this.#times()}\n`);
  }

  end(): void {
    if (isDrawn) process.stdout.write("\n");
  }

  #draw(text: string): void {
    const [columns, rest] = [(process.stdout.columns || 80) - 1, `  ${text}  ${this.#times()}`];
    const width = Math.max(0, Math.min(24, columns - this.#label.length - rest.length - 2));
    const filled = Math.round((this.#done / (this.#epochs * this.#batches)) * width);
    const line = `${this.#label}  ${"█".repeat(filled)}${"░".repeat(width - filled)}${rest}`;
    // Back to the start of the line, and clear what is left of the line before.
    process.stdout.write(`\r${line.slice(0, columns)}\u001b[K`);
  }

  #accuracy(): string {
    return this.#validation === undefined ? "" : `  val accuracy ${this.#validation.toFixed(4)}`;
  }

  /** The time that passed and, while it trains, the time that is left if the rest goes on like this. */
  #times(): string {
    const passed = (Date.now() - this.#started) / 1000;
    const left = (passed / this.#done) * (this.#epochs * this.#batches - this.#done);
    return `${passed.toFixed(1)} s${left > 0 ? `, ${Math.ceil(left)} s left` : ""}`;
  }
}

/** Whether stdout is a terminal that can go back to the start of a line. */
const isDrawn = process.stdout.isTTY && process.env["TERM"] !== "dumb";
