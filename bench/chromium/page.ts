import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Page, chromium } from "playwright-core";

const DIST = new URL("../../dist/", import.meta.url);
/** Where Chromium is; see `test/servers/install-chromium.sh`. */
export const CHROMIUM: string = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/**
 * Opens a page in headless Chromium that runs a program of this directory, bundled with the built package, and calls
 * `work` with it. `files`: what the page may fetch, by path.
 */
export async function withPage<T>(
  program: string,
  work: (page: Page, version: string) => Promise<T>,
  files: Readonly<Record<string, Uint8Array>> = {},
): Promise<T> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(program, import.meta.url))],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    outdir: "/",
    write: false,
    external: ["node:*"],
    // The built package. The paths of tsconfig.json lead to the sources.
    tsconfigRaw: "{}",
    alias: Object.fromEntries(
      Object.entries({
        "": "index.js",
        "/backends/memory": "backends/memory/index.js",
        "/backends/opfs": "backends/opfs/index.js",
        "/tfjs": "adapters/tfjs/index.js",
      }).map(([entry, file]) => [`runledger${entry}`, fileURLToPath(new URL(file, DIST))]),
    ),
    logLevel: "error",
  });
  const script = `/${program.replace(/\.ts$/, ".js")}`;
  const served = new Map<string, Uint8Array | string>([
    ...outputFiles.map(({ path, contents }) => [path, contents] as const),
    ...Object.entries(files),
    ["/", `<!doctype html><meta charset="utf-8"><title>bench</title><script type="module" src="${script}"></script>`],
  ]);
  const server = createServer(({ url = "/" }, response) => {
    const file = served.get(url);
    response.setHeader("content-type", url === "/" ? "text/html" : "text/javascript");
    response.writeHead(file === undefined ? 404 : 200).end(file);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  });
  try {
    const page = await browser.newPage();
    page.on("pageerror", (error) => console.error(error));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction("globalThis.calls !== undefined");
    return await work(page, browser.version());
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}
