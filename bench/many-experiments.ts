import type { Backend } from "../src/index.ts";
import { memoryBackend, openLedger } from "./library.ts";
import { ModelledBackend, OBJECT_STORE } from "./modelled-backend.ts";
import type { Section } from "./report.ts";
import { writeSegments } from "./scaling.ts";

const EXPERIMENTS = 10_000;
const RUNS = 1_000_000;
/** Runs that close one by one between two searches. */
const CLOSING = 8;

/** What a ledger of very many experiments costs on an object store. */
export async function manyExperiments(): Promise<Section> {
  const inner: Backend = memoryBackend();
  await openLedger(inner);
  await writeSegments(inner, RUNS, EXPERIMENTS);
  const { backend, ...model } = counted(inner);
  const table = [["", "requests", "MB read", "MB written", "s by the model"]];
  const measure = async (label: string, call: () => Promise<unknown>): Promise<void> => {
    model.reset();
    await call();
    table.push([label, ...model.row()]);
  };

  const all = { filter: "params.lr > 0.5", orderBy: "metrics.loss", limit: 20 };
  const one = { ...all, experiment: "e7" };
  const tidier = await openLedger(backend);
  await measure("the first tidying: joint segments of all segments", () => tidier.compactCatalog());
  await measure("tidying again", () => tidier.compactCatalog());
  const ledger = await openLedger(backend);
  await measure("search of all experiments, first", () => ledger.searchRuns(all));
  await measure("the same again", () => ledger.searchRuns(all));
  const other = await openLedger(backend);
  await measure("search of one experiment, first", () => other.searchRuns(one));
  await measure("the same again", () => other.searchRuns(one));

  const ids: string[] = [];
  for (let i = 0; i < CLOSING; i++) ids.push(await finishRun(backend, "e7", i));
  const reader = await openLedger(backend);
  await measure("getRun", () => reader.getRun(ids[0]!));
  await measure(`search of that experiment, ${CLOSING} runs closed since`, () => ledger.searchRuns(one));
  await measure("tidying after that", () => ledger.close());
  await measure("search of all experiments after that", () => ledger.searchRuns(all));
  await measure("tidying after that", () => ledger.close());

  return {
    title: `${RUNS.toLocaleString("en")} runs in ${EXPERIMENTS.toLocaleString("en")} experiments`,
    method: "As the searches by the number of runs. Requests and bytes include those that write and remove.",
    table,
    targets: [],
  };
}

async function finishRun(backend: Backend, experiment: string, i: number): Promise<string> {
  const ledger = await openLedger(backend);
  const run = await ledger.startRun({ experiment, environment: false, params: { lr: 0.6, model: "cnn", seed: i } });
  run.log({ loss: i, accuracy: i });
  await run.finish();
  return run.id;
}

/** A model of an object store that also counts the bytes that are written. */
function counted(inner: Backend): { backend: Backend; reset: () => void; row: () => string[] } {
  let written = 0;
  const model = new ModelledBackend(
    {
      ...inner,
      name: "counted",
      contract: 1,
      capabilities: inner.capabilities,
      create: async (key, body, options) => {
        written += (body as Uint8Array).byteLength;
        await inner.create(key, body, options);
      },
      read: (key, options) => inner.read(key, options),
      stat: (key, options) => inner.stat(key, options),
      remove: (key, options) => inner.remove(key, options),
      list: (prefix, options) => inner.list(prefix, options),
    },
    OBJECT_STORE,
  );
  return {
    backend: model.backend,
    reset: () => {
      model.reset();
      written = 0;
    },
    row: () => [
      model.requests.toLocaleString("en"),
      ((model.bytes - written) / 1e6).toFixed(1),
      (written / 1e6).toFixed(1),
      (model.now / 1000).toFixed(2),
    ],
  };
}
