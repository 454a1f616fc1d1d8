import { openLedger } from "runledger";
import { httpBackend } from "runledger/backends/http";
import { s3Backend } from "runledger/backends/s3";

/** What the server tells the page. */
export interface HttpJob {
  /** Ledgers on servers of other origins. */
  readonly ledgers: readonly string[];
  /** A bucket that pages may use through `/sign`, if there is one. */
  readonly bucket?: { readonly bucket: string; readonly prefix: string };
}

/** What the page has seen. */
export interface HttpReport {
  readonly found: readonly (readonly string[])[];
  readonly points: readonly number[];
  /** Names of runs after the ledger was published again. */
  readonly again: readonly string[];
  /** Names of runs that the page has logged into the bucket. */
  readonly logged?: readonly string[];
  readonly error?: string;
}

/** Runs in a page and, as it is, in a worker that the page starts. */
const isPage = typeof document !== "undefined";

async function post(path: string, body: unknown): Promise<Response> {
  return await fetch(path, { method: "POST", body: JSON.stringify(body) });
}

async function look({ ledgers, bucket }: HttpJob): Promise<HttpReport> {
  const names = async (ledger: Awaited<ReturnType<typeof openLedger>>): Promise<string[]> =>
    (await ledger.searchRuns()).runs.map(({ name }) => name);
  const found: string[][] = [];
  const points: number[] = [];
  let again: string[] = [];
  for (const [i, url] of ledgers.entries()) {
    const ledger = await openLedger(httpBackend(url, { refreshMs: 0 }));
    found.push(await names(ledger));
    const { runs } = await ledger.searchRuns({ limit: 1 });
    points.push((await ledger.history(runs[0]!.id, "loss")).values.length);
    if (i > 0) continue;
    await post("/publish", isPage ? "page" : "worker");
    again = await names(ledger);
  }
  if (bucket === undefined) return { found, points, again };
  const backend = s3Backend({
    bucket: bucket.bucket,
    prefix: `${bucket.prefix}/${isPage ? "page" : "worker"}`,
    conditionalWrites: "atomic",
    sign: async (request) => (await post("/sign", request)).json(),
  });
  const ledger = await openLedger(backend);
  await ledger.withRun({ name: "signed" }, async (run) => {
    run.log({ loss: 1 });
    await run.logArtifact("model", new Uint8Array(6 * 1024 * 1024));
  });
  await (await ledger.openArtifact("model:v0")).read();
  return { found, points, again, logged: await names(ledger) };
}

async function main(): Promise<void> {
  const job = (await (await fetch("/job")).json()) as HttpJob;
  const worker = isPage ? new Worker("/http-page.js", { type: "module" }) : undefined;
  const failed = (error: unknown): HttpReport => ({ found: [], points: [], again: [], error: String(error) });
  worker?.addEventListener("error", ({ message }) => void post("/report/worker", failed(message)));
  await post(`/report/${isPage ? "page" : "worker"}`, await look(job).catch(failed));
}

void main();
