import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import ts from "typescript";

/** How a user's project may be set up. */
export interface Setup {
  readonly module: "Node16" | "NodeNext" | "Bundler";
  /** What its files are: `ts` in a package of ES modules, or `cts`. */
  readonly extension: "ts" | "cts";
  /** Whether it has `@types/node`. */
  readonly node: boolean;
}

/** What a strict user does, in any set-up. */
const USE = `
  export async function use(maybe: number | undefined): Promise<void> {
    interface Losses { train: number; validation?: number }
    const losses: Losses = { train: 1 };
    const { ledger } = await createTestLedger({ seed: maybe });
    const run = await ledger.startRun({ params: { lr: 0.1 }, note: undefined });
    run.log(losses, { step: maybe, time: maybe });
    interface Prediction { label: string; score?: number }
    const predictions: Prediction[] = [{ label: "cat" }];
    run.logTable("predictions", predictions);
    interface Tags { stage: string }
    const tags: Tags = { stage: "dev" };
    run.setTags(tags);
    void (await run.startChild({ tags }));
    // @ts-expect-error -- text is no number
    run.log({ loss: "1" });
    await run.finish();
    const status: string = (await ledger.getRun(run.id)).status;
    // @ts-expect-error -- so the types are real, and not any
    const wrong: number = status;
    void wrong;
    try { await ledger.getRun("none"); } catch (error) { if (LedgerError.is(error)) void (error.code satisfies string); }
    await (await openLedger(memoryBackend({ maxBytes: maybe }))).searchRuns({ filter: where.metric("loss").lt(1), limit: maybe });
  }`;

/** What a program does with entries that are ES modules alone, also if its own file is CommonJS. */
const SIDE_ENTRIES: Readonly<Record<string, string>> = {
  "runledger/node": `
  import { guardProcess } from "runledger/node";
  export async function guarded(): Promise<void> {
    const run = await (await openLedger(memoryBackend())).startRun();
    const release: () => void = guardProcess(run, { timeoutMs: 1 });
    release();
  }`,
  "runledger/backends/fs": `
  import { fromPath, fsBackend } from "runledger/backends/fs";
  export async function files(): Promise<void> {
    const run = await (await openLedger(fsBackend("x"))).startRun();
    await run.logArtifact("x", fromPath("x"));
  }`,
  "runledger/backend": `
  import { type Backend, type Body, collectBody, withRetry } from "runledger/backend";
  export function whole(inner: Backend): Backend {
    return withRetry({ ...inner, create: async (key: string, body: Body) => inner.create(key, await collectBody(body)) });
  }
  export const wrapped: Promise<unknown> = openLedger(whole(memoryBackend()));`,
  "runledger/files": `
  import { catalogFiles, metricsFiles } from "runledger/files";
  export async function parquet(): Promise<number> {
    const { ledger } = await createTestLedger();
    const { segments } = await catalogFiles(ledger, { experiment: undefined });
    const { files } = await metricsFiles(ledger, undefined, { signal: undefined });
    // @ts-expect-error -- a forgotten await
    void catalogFiles(createTestLedger());
    return [...segments, ...files].filter(({ location }) => location?.kind === "s3").length;
  }`,
  "runledger/tfjs": `
  import { checkpoint, loadHandler, mix, resumeTraining, saveHandler, tfCallback, watch } from "runledger/tfjs";
  export async function train(): Promise<void> {
    const run = await (await openLedger(memoryBackend())).startRun();
    const model = { fit: async (x: number[], y: number[], args?: { epochs?: number }): Promise<number> => x.length + y.length + (args?.epochs ?? 0) };
    const unwatch: () => void = watch(model, run, { batches: "yield", onNaN: "stop" });
    const hooks: readonly { onEpochEnd?: (epoch: number, logs?: { [label: string]: number }) => void }[] = mix([tfCallback(run, { batches: 10 })]);
    void hooks;
    unwatch();
    const weighty = { save: async (handler: { save?: unknown }): Promise<number> => Object.keys(handler).length, getWeights: () => [], setWeights: (weights: object[]) => void weights.length };
    watch(model, run, { callbacks: checkpoint(run, { monitor: "val_loss", model: weighty }) });
    const initialEpoch: number = await resumeTraining(weighty, run);
    void initialEpoch;
    const weights: ArrayBuffer = (await loadHandler(await openLedger(memoryBackend()), "net").load()).weightData;
    void saveHandler(run, "net", { aliases: ["best"] }).save({ modelTopology: {}, weightSpecs: [], weightData: weights });
  }`,
  "runledger/duckdb": `
  import { openSql } from "runledger/duckdb";
  export async function sql(): Promise<void> {
    interface Row { n: number }
    const { ledger } = await createTestLedger();
    await using opened = await openSql(ledger, { metrics: false });
    const rows: Row[] = await opened.query<Row>("SELECT 1 AS n");
    void rows;
  }`,
};

/** Writes a user's project into a directory; gives the file and the options of its compiler. */
export async function writeConsumer(
  directory: string,
  names: readonly string[],
  { module, extension, node }: Setup,
): Promise<{ file: string; config: string }> {
  const place = join(directory, `consumer-${module}-${extension}${node ? "-node" : ""}`);
  await mkdir(place, { recursive: true });
  const imports = names.map((name, index) => `import * as entry${index} from "${name}"; void entry${index};`);
  const own = `
    import { LedgerError, openLedger } from "runledger";
    import { memoryBackend } from "runledger/backends/memory";
    import { createTestLedger } from "runledger/testing";
    import { where } from "runledger/where";`;
  const file = join(place, `consumer.${extension}`);
  await writeFile(file, [...imports, own, USE, ...names.map((name) => SIDE_ENTRIES[name] ?? "")].join("\n"));
  const config = join(place, "tsconfig.json");
  const compilerOptions = {
    target: "ES2022",
    module: module === "Bundler" ? "ESNext" : module,
    moduleResolution: module,
    lib: ["ES2023", "DOM", "DOM.AsyncIterable", "ESNext.Disposable"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    types: node ? ["node"] : [],
    skipLibCheck: false,
    noEmit: true,
  };
  if (node) {
    await linkPackage(place, "@types/node");
    // Beside the package, as it is installed: its declarations look for it there.
    if (names.includes("runledger/duckdb")) await linkPackage(directory, "@duckdb/node-api");
  }
  await writeFile(config, JSON.stringify({ compilerOptions, files: [file] }));
  return { file, config };
}

async function linkPackage(project: string, name: string): Promise<void> {
  const link = join(project, "node_modules", name);
  await mkdir(dirname(link), { recursive: true });
  await rm(link, { force: true });
  await symlink(join(import.meta.dirname, "../../node_modules", name), link, "junction");
}

/** What a compiler, by default that of this repository, has to say of a project. */
export function faultsOf(config: string, compiler: typeof ts = ts): string[] {
  const { options, fileNames } = compiler.parseJsonConfigFileContent(
    compiler.readConfigFile(config, compiler.sys.readFile).config,
    compiler.sys,
    join(config, ".."),
    undefined,
    config,
  );
  const program = compiler.createProgram(fileNames, options);
  // What comes with TypeScript and Node is not looked at: it takes most of the time.
  const files = program
    .getSourceFiles()
    .filter((file) => !program.isSourceFileDefaultLibrary(file) && !/\/@types\/node\//.test(file.fileName));
  const found = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...files.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
  ];
  return found.map(
    ({ messageText, file }) => `${file?.fileName ?? ""}: ${compiler.flattenDiagnosticMessageText(messageText, "\n")}`,
  );
}
