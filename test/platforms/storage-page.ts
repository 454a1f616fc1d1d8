import { type Ledger, LedgerError, openLedger, type Run } from "runledger";
import { type OpfsBackend, type OpfsBackendOptions, opfsBackend } from "runledger/backends/opfs";

// What a test calls in a tab, through `Tab.call`. Each tab has one backend, one ledger and one run.
let backend: OpfsBackend;
let ledger: Ledger;
let run: Run;
let acknowledged = 0;
let logged = 0;
const errors: string[] = [];

/** Returns what a test needs to know of an error, or of the lack of one. */
async function outcomeOf(work: () => Promise<unknown>): Promise<{ code: string; message: string; transient: boolean }> {
  try {
    await work();
    return { code: "", message: "", transient: false };
  } catch (error) {
    if (!LedgerError.is(error)) return { code: "not a LedgerError", message: String(error), transient: false };
    const { code, message, transient } = error;
    return { code, message, transient };
  }
}

/** Hidden tabs get a timer once a second, but messages at once. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(0, []);
  });
}

/** Removes everything that the backend has stored. */
async function clear(): Promise<void> {
  if (backend.storage === "indexeddb") {
    const request = indexedDB.deleteDatabase("runledger:runledger");
    await new Promise((resolve, reject) => {
      request.addEventListener("success", resolve);
      request.addEventListener("error", () => reject(request.error));
    });
  } else await (await navigator.storage.getDirectory()).removeEntry("runledger", { recursive: true });
}

/** Makes each file that is being written one byte shorter. */
async function shorten(): Promise<void> {
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("runledger");
  for await (const file of (await root.getDirectoryHandle(".tmp")).values()) {
    const stream = await (file as FileSystemFileHandle).createWritable({ keepExistingData: true });
    await stream.truncate((await (file as FileSystemFileHandle).getFile()).size - 1);
    await stream.close();
  }
}

const MIB = 1024 * 1024;

const calls = {
  loaded: () => true,

  /** Opens the ledger. The options can be those that JSON can hold, and the URL of a worker. */
  async open({ workerUrl, ...options }: OpfsBackendOptions & { workerUrl?: string } = {}): Promise<object> {
    const worker = workerUrl === undefined ? undefined : () => new Worker(workerUrl, { type: "module" });
    const onError = (error: LedgerError): void => void errors.push(error.code);
    backend = await opfsBackend({ ...options, worker, onError });
    ledger = await openLedger(backend, { onError: (error) => void errors.push(error.code) });
    const { storage, capabilities, fallbacks } = backend;
    const failed = fallbacks.map((each) => ({ storage: each.storage, code: each.error.code, why: each.error.message }));
    return { storage, capabilities, failed };
  },

  async start(id: string, intervalMs = 20): Promise<void> {
    run = await ledger.startRun({ id, resume: "allow", flush: { intervalMs } });
    acknowledged = logged = 0;
  },

  /** Logs points with these steps, with pauses in which the library stores them. */
  async log(from: number, to: number): Promise<void> {
    for (let step = from; step < to; step++) {
      run.log({ loss: step / 3 }, { step });
      if (step % 50 === 0) await nextTurn();
    }
  },

  /** Logs until the tab ends. Tells the server how many points are acknowledged. */
  train(): void {
    void (async () => {
      for (;;) {
        for (let i = 0; i < 20; i++) run.log({ loss: logged / 3 }, { step: logged++ });
        const before = logged;
        await run.flush();
        acknowledged = before;
        await fetch(`/acknowledged/${run.id}`, { method: "POST", body: String(acknowledged) });
      }
    })().catch((error: unknown) => void errors.push(String(error)));
  },

  flush: () => outcomeOf(() => run.flush()),
  finish: () => outcomeOf(() => run.finish()),
  stats: () => run.stats,
  errors: () => errors.splice(0),

  async status(id: string): Promise<string> {
    return (await ledger.getRun(id)).status;
  },

  /** Returns the number of points of a run, and the first step at which one is missing, double or wrong. */
  async check(id: string): Promise<{ count: number; wrong: number | undefined }> {
    const { steps, values } = await ledger.history(id, "loss");
    const wrong = steps.findIndex((step, i) => step !== i || values[i] !== i / 3);
    return { count: steps.length, wrong: wrong < 0 ? undefined : wrong };
  },

  /** Returns how long it takes to log, store and finish so many points, in ms. */
  async measure(points: number): Promise<{ log: number; all: number }> {
    const begin = performance.now();
    const own = await ledger.startRun();
    for (let step = 0; step < points; step++) own.log({ loss: step / 3 }, { step });
    const log = performance.now() - begin;
    await own.flush();
    await own.finish();
    return { log, all: performance.now() - begin };
  },

  /** The names of files that are not objects. */
  async temporary(): Promise<string[]> {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("runledger");
    const names: string[] = [];
    for await (const name of (await root.getDirectoryHandle(".tmp")).keys()) names.push(name);
    return names;
  },

  create: (key: string, bytes: number) => outcomeOf(() => backend.create(key, new Uint8Array(bytes))),
  append: (key: string, bytes: number, at?: number) =>
    outcomeOf(() => backend.append!(key, new Uint8Array(bytes), { at })),
  /** Appends 200 bytes to a new object at once, each in a call of its own. Returns whether they are in that order. */
  async appendAtOnce(key: string): Promise<boolean> {
    const bytes = Array.from({ length: 200 }, (_, i) => i);
    await Promise.all(bytes.map((byte) => backend.append!(key, Uint8Array.of(byte))));
    return String(await backend.read(key)) === String(bytes);
  },

  /** Appends once the page is left. */
  appendWhenLeft(key: string, bytes: number, at: number): void {
    addEventListener("pagehide", () => void backend.append!(key, new Uint8Array(bytes), { at }));
  },

  clear: () => clear(),
  remove: (key: string) => outcomeOf(() => backend.remove(key)),
  move: (from: string, to: string) => outcomeOf(() => backend.move!(from, to)),

  /** Creates an object of 3 MiB. What is stored of it is removed, or made shorter, after so many blocks. */
  createHarmed: (key: string, after: number, harm: "clear" | "shorten") =>
    outcomeOf(() =>
      backend.create(
        key,
        (async function* () {
          for (let blocks = 0; ; blocks++) {
            // The next block is asked for when those before are stored.
            if (blocks === after) await (harm === "clear" ? clear() : shorten());
            if (blocks === 3) return;
            yield new Uint8Array(MIB);
          }
        })(),
      ),
    ),

  read: (key: string) => outcomeOf(() => backend.read(key)),
  size: async (key: string) => (await backend.stat(key))?.size,
  usage: async () => (await navigator.storage.estimate()).usage,
  close: () => backend.close(),

  /** Holds a file open for some time, as a page does that is gone. Resolves when it is open. */
  async hold(key: string, ms: number): Promise<void> {
    const script = `onmessage = async ({ data: { path, ms } }) => {
      let directory = await navigator.storage.getDirectory();
      for (const name of path.slice(0, -1)) directory = await directory.getDirectoryHandle(name);
      const access = await (await directory.getFileHandle(path.at(-1))).createSyncAccessHandle();
      postMessage("open");
      setTimeout(() => access.close(), ms);
    };`;
    const worker = new Worker(URL.createObjectURL(new Blob([script])));
    const opened = new Promise((resolve) => worker.addEventListener("message", resolve, { once: true }));
    worker.postMessage({ path: ["runledger", ...key.split("/")], ms }, []);
    await opened;
  },

  /** Makes the site's own file system fail as in a private window of Firefox. */
  refuseFiles(): void {
    navigator.storage.getDirectory = () => Promise.reject(new DOMException("Security error", "SecurityError"));
  },
  refuseDatabases(): void {
    indexedDB.open = () => {
      throw new DOMException("The operation is insecure", "SecurityError");
    };
  },
};

Object.assign(globalThis, { calls });
