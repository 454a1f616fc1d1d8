import { startOwnBrowser } from "./own-browser.ts";

// Without the sandbox it also runs as root, and without the rest it calls nobody.
export const CHROMIUM_FLAGS: readonly string[] =
  "--headless --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-extensions".split(
    " ",
  );

/** Opens a page in a Chromium of its own. Returns a function that ends it. */
export function openInChromium(program: string, url: string): Promise<() => Promise<void>> {
  return startOwnBrowser("chromium", (profile) => ({
    program,
    flags: [...CHROMIUM_FLAGS, `--user-data-dir=${profile}`, url],
  }));
}
