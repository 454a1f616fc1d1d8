import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { startOwnBrowser } from "./own-browser.ts";

/** Opens a page in a WebKitGTK of its own, on a screen of its own: it has no headless mode. Returns a function that ends both. */
export async function openInWebKit(program: string, url: string): Promise<() => Promise<void>> {
  const screen = spawn("Xvfb", ["-displayfd", "3", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const ended = once(screen, "exit");
  await once(screen, "spawn");
  const number = await Promise.race([once(screen.stdio[3] as Readable, "data"), ended.then(() => undefined)]);
  if (number === undefined) throw new Error("Xvfb ended at once");
  const close = await startOwnBrowser("webkit", (profile) => ({
    program,
    flags: [url],
    env: {
      DISPLAY: `:${String(number[0]).trim()}`,
      HOME: profile,
      XDG_CACHE_HOME: profile,
      XDG_CONFIG_HOME: profile,
      XDG_DATA_HOME: profile,
      // As root it has no sandbox.
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
    },
  }));
  return async () => {
    await close();
    screen.kill();
    await ended;
  };
}

/** Returns the version of the package: what the browser says of itself is Safari's. */
export async function webkitVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)("dpkg-query", [
    "--show",
    "--showformat=${Version}",
    "libwebkit2gtk-4.1-0",
  ]);
  return stdout.replace(/-.*/, "");
}
