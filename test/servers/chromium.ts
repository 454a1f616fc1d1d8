import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Without the sandbox it also runs as root, and without the rest it calls nobody.
export const CHROMIUM_FLAGS: readonly string[] =
  "--headless --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-extensions".split(
    " ",
  );

/** Opens a page in a browser of its own. What is returned ends it and removes what it left. */
export async function openInChromium(program: string, url: string): Promise<() => Promise<void>> {
  const profile = await mkdtemp(join(tmpdir(), "runledger-chromium-"));
  // A group of its own: the browser is a tree of processes.
  const browser: ChildProcess = spawn(program, [...CHROMIUM_FLAGS, `--user-data-dir=${profile}`, url], {
    stdio: "ignore",
    detached: true,
  });
  const ended = once(browser, "exit");
  await once(browser, "spawn");
  return async () => {
    process.kill(-browser.pid!, "SIGKILL");
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
}
