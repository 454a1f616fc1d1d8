// Run as a process of its own by races.test.ts: `child.mjs <directory> <process> <seed> <grace in ms>`. Its threads race for one run:
// they write to it and close it for others. Told `start`, the first one begins the run: `run <id>`. Told `go <id>`, all begin, and some
// are terminated. Told `end`, they end, some without closing their sessions. Writers print `ack <racer> <points>`; what must not happen
// is printed as `wrong <what>`.
import { once } from "node:events";
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { fsBackend } from "../../../src/backends/fs/index.ts";
import { type Backend, openLedger, type Run } from "../../../src/index.ts";
import { seededRandom } from "../../seeded-random.ts";

const THREADS = 5;
/** Of the threads of a process, those that write. The others close runs. */
const WRITERS = 3;

interface Racer {
  readonly directory: string;
  readonly racer: number;
  readonly isWriter: boolean;
  readonly seed: number;
  readonly graceMs: number;
}

// Of a thread that is terminated nothing is lost that was printed so.
const say = (line: string): void => void writeSync(1, `${line}\n`);
const tell = (thread: Worker, message: object): void => thread.postMessage(message, []);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function manage(): Promise<void> {
  const [directory = "", process_ = "", seed = "", graceMs = ""] = process.argv.slice(2);
  const random = seededRandom(Number(seed));
  const threads = Array.from({ length: THREADS }, (_, i) => {
    const racer = Number(process_) * THREADS + i;
    const isWriter = i < WRITERS;
    const data: Racer = { directory, racer, isWriter, seed: Number(seed) + i, graceMs: Number(graceMs) };
    return new Worker(new URL(import.meta.url), { workerData: data });
  });
  const living = new Set(threads);
  for (const thread of threads) {
    thread.once("exit", () => {
      living.delete(thread);
      if (threads.slice(0, WRITERS).every((writer) => !living.has(writer)))
        say("ack - nothing comes: all writers ended");
    });
  }
  await Promise.all(threads.map((thread) => once(thread, "message")));
  say("ready");
  for await (const line of createInterface(process.stdin)) {
    const [word, id] = line.split(" ");
    if (word === "start") tell(threads[0]!, { start: true });
    if (word === "go") {
      for (const thread of threads) {
        tell(thread, { id });
        if (random() < 0.3) setTimeout(() => void thread.terminate(), random() * 200);
      }
    }
    if (word === "end") break;
  }
  const over = [...living].map((thread) => once(thread, "exit"));
  for (const thread of living) tell(thread, { end: true });
  await Promise.all(over);
  process.exit(0);
}

async function race({ directory, racer, isWriter, seed, graceMs }: Racer): Promise<void> {
  const random = seededRandom(seed);
  const appended = new Set<string>();
  const backend = watched(fsBackend(directory), appended);
  const ledger = await openLedger(backend, {
    onError: ({ code, message }) => say(`wrong ${racer}: ${code} ${message}`),
  });
  const port = parentPort!;
  let isOver = false;
  port.on("message", (message: { end?: boolean }) => (isOver ||= message.end === true));
  port.postMessage("ready");
  let [message] = (await once(port, "message")) as [{ start?: boolean; id?: string; end?: boolean }];
  let run: Run | undefined;
  if (message.start) {
    run = await ledger.startRun();
    say(`run ${run.id}`);
    [message] = (await once(port, "message")) as [{ id?: string; end?: boolean }];
  }
  const { id } = message;
  if (id !== undefined) {
    if (isWriter) await write(id, run);
    else while (!isOver) await close(id);
  }
  // Writers that are still at work end with the thread.
  port.close();
  process.exit(0);

  async function write(runId: string, started: Run | undefined): Promise<void> {
    let points = 0;
    while (!isOver) {
      const session = started ?? (await ledger.resumeRun(runId));
      started = undefined;
      for (let left = 1 + Math.floor(random() * 20); left > 0 && !isOver; left--) {
        for (let i = Math.floor(random() * 20); i >= 0; i--) session.log({ [`r${racer}`]: points++ });
        await session.flush();
        say(`ack ${racer} ${points}`);
        for (const key of appended)
          if ((await backend.stat(key)) === undefined) say(`wrong ${racer}: ${key} was removed under its writer`);
        await pause(random() * 5);
      }
      // Of the sessions that end, half end without a word.
      if (isOver && random() < 0.5) return;
      await session.finish();
      // Closing appends, too, and the journal of a session that has ended may go.
      appended.clear();
    }
  }

  async function close(runId: string): Promise<void> {
    const all = random() < 0.3;
    const { running, interrupted, unreadable } = await ledger.recover(all ? undefined : runId, { graceMs });
    if (unreadable) say(`wrong ${racer}: unreadable ${JSON.stringify(unreadable)}`);
    if (running.length + interrupted.length > 1) say(`wrong ${racer}: more runs than there are`);
    await pause(random() * 20);
  }
}

/** Notes the keys that were appended to. */
function watched(inner: Backend, appended: Set<string>): Backend {
  return new Proxy(inner, {
    get: (backend, member) => {
      const value: unknown = Reflect.get(backend, member);
      if (typeof value !== "function") return value;
      if (member !== "append") return value.bind(backend);
      return async (key: string, ...rest: [Uint8Array]) => {
        await backend.append!(key, ...rest);
        appended.add(key);
      };
    },
  });
}

if (isMainThread) await manage();
else
  await race(workerData as Racer).catch((error: unknown) => {
    say(`wrong ${(workerData as Racer).racer}: ${String(error)}`);
    process.exit(1);
  });
