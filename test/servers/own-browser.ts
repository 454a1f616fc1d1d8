import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How to start a browser with a profile of its own. */
export interface BrowserCommand {
  readonly program: string;
  readonly flags: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a browser with a new profile. Returns a function that kills the browser and removes what it left. */
export async function startOwnBrowser(
  name: string,
  command: (profile: string) => BrowserCommand | Promise<BrowserCommand>,
): Promise<() => Promise<void>> {
  const profile = await mkdtemp(join(await placeInMemory(), `runledger-${name}-`));
  const { program, flags, env } = await command(profile);
  // A group of its own, because a browser is a tree of processes.
  const browser = spawn(program, flags, { stdio: "ignore", detached: true, env: { ...process.env, ...env } });
  const ended = once(browser, "exit");
  await once(browser, "spawn");
  return async () => {
    if (browser.exitCode === null) process.kill(-browser.pid!, "SIGKILL");
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
}

/**
 * Returns a folder in memory that has 512 MiB left, else the folder for temporary files. The suite makes tens of
 * thousands of files, and browsers wait for the disk. Firefox stores the names of its files in a database: there an
 * object takes 60 ms on a disk and 8 ms in memory.
 */
async function placeInMemory(): Promise<string> {
  const { bavail, bsize } = await statfs("/dev/shm").catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize > 2 ** 29 ? "/dev/shm" : tmpdir();
}
