import { spawn } from "node:child_process";
import { once } from "node:events";
import type { RunRecord } from "runledger";
import type { Reproduction } from "runledger/compare";
import { openLedger } from "runledger/node";

/** Where to train, and what to change. */
export interface Retraining {
  /** The directory of the code. */
  readonly directory: string;
  /** The directory of a new ledger. */
  readonly runs: string;
  /** Another learning rate. */
  readonly learningRate: string | undefined;
  /** A directory with other digits. */
  readonly digits: string | undefined;
}

/** Trains as the plan says, in a process of its own. Returns the record of the new run. */
export async function retrain({ code, command, params }: Reproduction, how: Retraining): Promise<RunRecord> {
  const { directory, runs, learningRate, digits } = how;
  // The runtime and its options are those of this process: recorded paths belong to the machine that recorded them.
  const script = code?.entry ?? "examples/train-mnist.ts";
  const at = command?.findIndex((argument) => argument === script || argument.endsWith(`/${script}`)) ?? -1;
  const args = command && at !== -1 ? command.slice(at + 1) : [];
  const { optimizer, images, epochs } = params as Record<"optimizer" | "images" | "epochs", unknown>;
  const { NODE_OPTIONS: _, RUNLEDGER_DEMO_DIGITS: __, ...inherited } = process.env;
  const child = spawn(process.execPath, ["--conditions=runledger-source", "--import", "tsx", script, ...args], {
    cwd: directory,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...inherited,
      RUNLEDGER_DEMO_DIR: runs,
      RUNLEDGER_DEMO_IMAGES: String(images),
      RUNLEDGER_DEMO_EPOCHS: String(epochs),
      RUNLEDGER_DEMO_RATES: learningRate ?? String((optimizer as { learningRate: unknown }).learningRate),
      ...(digits !== undefined && { RUNLEDGER_DEMO_DIGITS: digits }),
    },
  });
  const [status] = (await once(child, "exit")) as [number | null];
  if (status !== 0) throw new Error(`the training ended with ${status}`);
  const ledger = await openLedger(runs, { capture: false });
  const { runs: made } = await ledger.searchRuns({ limit: 1 });
  if (made[0] === undefined) throw new Error("the training made no run");
  return made[0];
}
