/** Says whether the caller waits for a value. A value that nobody waits for is stored with others. */
export class Awaited {
  #isAwaited = false;
  #hurry: (() => void) | undefined;

  /** Says that the caller waits. */
  begin(): void {
    this.#isAwaited = true;
    this.#hurry?.();
  }

  /** Calls `hurry` when the caller waits, at once if it waits already. Replaces the function of an earlier call. */
  whenAwaited(hurry: () => void): void {
    this.#hurry = hurry;
    if (this.#isAwaited) hurry();
  }
}
