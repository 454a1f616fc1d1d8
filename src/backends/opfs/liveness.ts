import type { Liveness } from "../../backend/backend.ts";

/**
 * Tells whether the page or worker that has a token still runs. It holds a Web Lock with the token in its name for as
 * long as a backend is open in it, and the browser frees the lock when the page or worker ends, however it ends. All
 * that can write to the storage of a site share its locks, so a token without a lock has certainly no writer.
 */

const PREFIX = "runledger:alive:";

interface Holder {
  readonly id: string;
  readonly release: () => void;
  users: number;
}

let holder: Promise<Holder> | undefined;

/** Returns the id of this page or worker, which is alive until `release` has been called as often. */
export async function holdAlive(): Promise<{ id: string; release(): void }> {
  const mine = (holder ??= hold());
  const held = await mine;
  held.users++;
  let isReleased = false;
  return {
    id: held.id,
    release(): void {
      if (isReleased) return;
      isReleased = true;
      if (--held.users > 0) return;
      if (holder === mine) holder = undefined;
      held.release();
    },
  };
}

function hold(): Promise<Holder> {
  const id = crypto.randomUUID();
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(PREFIX + id, () => new Promise<void>((release) => resolve({ id, release, users: 0 })))
      .catch(reject);
  });
}

let names = 0;

/** Returns a name that nobody else has: that of this page or worker, with a number. */
export function newName(id: string): string {
  return `${id}-${names++}`;
}

/** Returns whether the page or worker with this id runs. */
export async function isHeld(id: string): Promise<boolean> {
  const { held = [], pending = [] } = await navigator.locks.query();
  return [...held, ...pending].some(({ name }) => name === PREFIX + id);
}

const TOKEN = /^web-lock:([0-9a-f-]{36})$/;

/** Returns the liveness of the page or worker with this id. */
export function lockLiveness(id: string): Liveness {
  return {
    token: `web-lock:${id}`,
    async isAlive(token) {
      try {
        const other = TOKEN.exec(token)?.[1];
        return other === undefined ? undefined : other === id || (await isHeld(other));
      } catch {
        return undefined;
      }
    },
  };
}
