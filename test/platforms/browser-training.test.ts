import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { type Browser, type Page, chromium } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLedger } from "../../src/index.ts";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { publish } from "../../src/backends/http/index.ts";
import { WORKER_SCRIPT, bundleWorker } from "../../build/worker-script.ts";
import { programIn } from "./expectations.ts";

const root = join(import.meta.dirname, "../..");
const program = programIn("CHROMIUM");
const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
const missing = program === undefined ? " (skipped: no browser, set CHROMIUM; see vitest.platforms.config.ts)" : "";

/** Where pictures of the page go. Then the runs are longer, so that there is something to see. */
const shots = process.env["SCREENSHOTS"];
const [images, epochs] = shots === undefined ? [200, 2] : [2000, 4];

let browser: Browser;
let page: Page;
let address: string;
const requests: string[] = [];
const troubles: string[] = [];
const closing: (() => Promise<unknown>)[] = [];

/** Serves the built page, and a ledger under /ledger/. Both are static files. */
async function serve(site: string, ledger: string): Promise<string> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url!, "http://localhost").pathname;
    const isLedger = path.startsWith("/ledger/");
    if (isLedger) requests.push(path);
    const file = isLedger
      ? join(ledger, path.slice("/ledger/".length))
      : join(site, path === "/" ? "index.html" : path);
    try {
      const bytes = await readFile(file);
      const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
      response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
      response.setHeader("accept-ranges", "bytes");
      if (from === undefined) return response.end(bytes);
      const end = Math.min(bytes.length - 1, to ? Number(to) : Infinity);
      response.setHeader("content-range", `bytes ${from}-${end}/${bytes.length}`);
      response.writeHead(206).end(bytes.subarray(Number(from), end + 1));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function makeLedger(directory: string): Promise<void> {
  const ledger = await openLedger(fsBackend(directory));
  for (const learningRate of [0.1, 0.01])
    await ledger.withRun({ experiment: "published", name: `sgd ${learningRate}`, params: { learningRate } }, (run) => {
      for (let step = 0; step < 2000; step++) run.log({ "train/loss": Math.exp(-step * learningRate) });
    });
  await publish(ledger);
}

beforeAll(async () => {
  if (program === undefined) return;
  const place = await mkdtemp(join(tmpdir(), "runledger-page-"));
  closing.push(() => rm(place, { recursive: true, force: true, maxRetries: 10 }));
  const conditions = ["runledger-source", "browser", "import", "module", "default"];
  await build({
    configFile: join(root, "examples/browser-training/vite.config.ts"),
    logLevel: "error",
    resolve: { conditions },
    plugins: [
      {
        name: "worker-script",
        enforce: "pre",
        load: async (id) => (WORKER_SCRIPT.test(id) ? (await bundleWorker(id)).code : undefined),
      },
    ],
    build: { outDir: join(place, "site"), minify: false },
  });
  await makeLedger(join(place, "ledger"));
  address = await serve(join(place, "site"), join(place, "ledger"));
  browser = await chromium.launch({
    executablePath: program,
    args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  });
  closing.push(() => browser.close());
  page = await browser.newPage({ viewport: { width: 1000, height: 900 } });
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(message.text());
  });
  page.on("pageerror", (error) => troubles.push(String(error)));
  await page.goto(`${address}?images=${images}`);
});

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const rows = () => page.locator("#runs tbody tr");

async function trainRun(learningRate: string): Promise<void> {
  await page.getByLabel("Learning rate").fill(learningRate);
  await page.getByLabel("Epochs").fill(String(epochs));
  await page.getByRole("button", { name: "Train a run" }).press("Enter");
  await page.locator("#progress", { hasText: "Done:" }).waitFor({ timeout: 200_000 });
}

describe.skipIf(program === undefined)(`the page of examples/browser-training${missing}`, () => {
  test(
    "trains two runs, which are there after a reload",
    { timeout: shots === undefined ? 240_000 : 480_000 },
    async () => {
      await trainRun("0.003");
      expect(await page.locator("#progress").textContent()).toMatch(
        /^Done: epoch (\d) of \1, validation accuracy [01]\.\d{4}/,
      );
      await page.reload();
      await rows().first().waitFor();
      expect(await rows().count()).toBe(1);
      expect(await page.locator("#place").textContent()).toBe("Runs of this browser (opfs-sync)");
      await trainRun("0.01");
      expect(await rows().count()).toBe(2);
      expect(await page.locator("#chart").getAttribute("aria-label")).toMatch(
        /^batch\/loss by step\. Last values: adam 0\.01: /,
      );
    },
  );

  test("filters, sorts and compares with the keyboard", { timeout: 60_000 }, async () => {
    const filter = page.getByLabel("Filter");
    await filter.fill("params.optimizer.learningRate > 0.005");
    await filter.press("Enter");
    await expect.poll(() => rows().count(), { timeout: 20_000 }).toBe(1);
    await filter.fill("params.optimizer.learningRate >");
    await filter.press("Enter");
    await expect.poll(() => page.getByRole("alert").textContent(), { timeout: 20_000 }).toContain("filter");
    await filter.fill("");
    await filter.press("Enter");
    await expect.poll(() => rows().count(), { timeout: 20_000 }).toBe(2);

    const names = () => rows().locator("td:nth-child(2)").allTextContents();
    await page.getByRole("button", { name: "learning rate" }).press("Enter");
    await expect.poll(names, { timeout: 20_000 }).toEqual(["adam 0.003", "adam 0.01"]);
    await page.getByRole("checkbox", { name: "select adam 0.003" }).press("Space");
    await expect
      .poll(() => page.locator("#difference").textContent(), { timeout: 20_000 })
      .toMatch(/optimizer\.learningRate +0\.003 +0\.01/);
    expect(await page.locator("#media img").count()).toBe(1);
    expect(await page.locator("#media svg").count()).toBe(1);
  });

  test("downloads runs as an archive", { timeout: 60_000 }, async () => {
    const [saved] = await Promise.all([page.waitForEvent("download"), page.locator("#download").click()]);
    expect(saved.suggestedFilename()).toBe("runs.zip");
    const bytes = await readFile(await saved.path());
    expect(bytes.toString("latin1")).toMatch(/^PK[^]*ledger\.json[^]*runs\/[^/]+\/run\.json/);
  });

  test("reads a published ledger from a static server", { timeout: 60_000 }, async () => {
    await page.getByLabel("Address").fill(`${address}ledger`);
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await expect.poll(() => rows().count(), { timeout: 20_000 }).toBe(2);
    await expect
      .poll(() => page.locator("#chart").getAttribute("aria-label"), { timeout: 20_000 })
      .toContain("Last values: sgd 0.01: ");
    expect(requests.length).toBeLessThanOrEqual(15);
    expect(await page.getByRole("button", { name: "Train a run" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "This browser" }).click();
    await page.getByRole("checkbox", { name: "select adam 0.01" }).check();
    await page.getByLabel("Address").fill("");
    await page.getByRole("button", { name: "started" }).click();
    await expect
      .poll(() => page.locator("#difference").textContent(), { timeout: 20_000 })
      .toContain("optimizer.learningRate");
  });

  test.each([
    ["light", 1000],
    ["dark", 1000],
    ["dark", 390],
  ] as const)("axe finds no serious fault: %s, %i pixels wide", { timeout: 60_000 }, async (colorScheme, width) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    // The chart is drawn again for the new width.
    const chartWidth = (): Promise<unknown> => page.locator("#chart canvas").evaluate((drawn) => drawn.clientWidth);
    await expect.poll(chartWidth, { timeout: 20_000 }).toBeLessThanOrEqual(width - 32);
    const path = shots && join(shots, `browser-training-${colorScheme}-${width}.png`);
    if (path !== undefined) await page.screenshot({ path, fullPage: true });
    await page.addScriptTag({ path: createRequire(import.meta.url).resolve("axe-core/axe.min.js") });
    const { violations } = (await page.evaluate("axe.run()")) as { violations: { impact: string; id: string }[] };
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    expect(serious.map(({ id }) => id)).toEqual([]);
  });

  test("nothing went wrong in the console", () => {
    expect(troubles).toEqual([]);
  });
});
