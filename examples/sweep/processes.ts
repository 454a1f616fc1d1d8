import { type ChildProcess, fork } from "node:child_process";
import type { Job } from "./train-trials.ts";

/** Processes that train trials, one at a time each. They start with the first jobs. */
export class Processes {
  readonly #most: number;
  readonly #directory: string;
  readonly #processes: ChildProcess[] = [];

  constructor(most: number, directory: string) {
    this.#most = most;
    this.#directory = directory;
  }

  /** Resolves when all jobs are done. `onDone` is called after each. */
  async train(jobs: readonly Job[], onDone: (job: Job) => void): Promise<void> {
    const waiting = [...jobs];
    const script = new URL("./train-trials.ts", import.meta.url);
    while (this.#processes.length < Math.min(this.#most, jobs.length)) {
      this.#processes.push(fork(script, [this.#directory]));
    }
    const work = async (process: ChildProcess): Promise<void> => {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        await answered(process, job);
        onDone(job);
      }
    };
    await Promise.all(this.#processes.map(work));
  }

  close(): void {
    for (const process of this.#processes) process.disconnect();
  }
}

/** Sends a job and waits for its answer. A process that ends without one ends the sweep. */
function answered(process: ChildProcess, job: Job): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null): void => {
      reject(new Error(`the process that trained ${job.id} ended with ${code}: run the same command again to go on`));
    };
    process.once("exit", gone);
    process.once("message", ({ error }: { error?: string }) => {
      process.off("exit", gone);
      if (error === undefined) resolve();
      else reject(new Error(`${job.id}: ${error}`));
    });
    process.send(job);
  });
}
