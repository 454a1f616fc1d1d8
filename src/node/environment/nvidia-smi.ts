import { execFile } from "node:child_process";
import type { Dictionary } from "../../journal/event.ts";
import { systemClock } from "../../platform/clock.ts";

const TIMEOUT_MS = 5000;
const MAX_BYTES: number = 256 * 1024;
const MAX_GPUS = 64;

/**
 * Returns the fields that `nvidia-smi` reports of each GPU. Rejects if there is no such program, and after `timeoutMs`
 * even if the program ignores signals.
 */
export async function nvidiaSmi(fields: readonly string[], timeoutMs: number = TIMEOUT_MS): Promise<string[][]> {
  const output = await new Promise<string>((resolve, reject) => {
    const child = execFile(
      "nvidia-smi",
      [`--query-gpu=${fields.join(",")}`, "--format=csv,noheader,nounits"],
      { maxBuffer: MAX_BYTES, windowsHide: true, encoding: "utf8", killSignal: "SIGKILL" },
      (error, stdout) => {
        timer.cancel();
        if (error === null) resolve(stdout);
        // A missing program is told, because the caller asked for it.
        else
          reject(
            new Error((error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no nvidia-smi" : error.message),
          );
      },
    );
    // The timeout of `execFile` waits until the child and all that hold its pipes have ended.
    const timer = systemClock.timer(timeoutMs, () => {
      child.kill("SIGKILL");
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      reject(new Error(`nvidia-smi took longer than ${timeoutMs} ms`));
    });
  });
  return output
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .slice(0, MAX_GPUS)
    .map((line) => line.split(",").map((field) => field.trim()));
}

/** Returns name, driver and bytes of memory of each GPU. */
export async function queryGpus(): Promise<Dictionary[]> {
  const gpus = await nvidiaSmi(["name", "driver_version", "memory.total"]);
  return gpus.map(([name = "", driver = "", mebibytes = ""]) => ({
    name,
    driver,
    ...(/^\d{1,9}$/.test(mebibytes) && { memory: Number(mebibytes) * 1024 * 1024 }),
  }));
}
