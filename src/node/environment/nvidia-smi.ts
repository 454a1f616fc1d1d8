import { execFile } from "node:child_process";
import type { Dictionary } from "../../journal/event.ts";

const TIMEOUT_MS = 5000;
const MAX_BYTES: number = 256 * 1024;
const MAX_GPUS = 64;

/** Returns the fields that `nvidia-smi` reports of each GPU. Rejects if there is no such program. */
export async function nvidiaSmi(fields: readonly string[]): Promise<string[][]> {
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      "nvidia-smi",
      [`--query-gpu=${fields.join(",")}`, "--format=csv,noheader,nounits"],
      { timeout: TIMEOUT_MS, maxBuffer: MAX_BYTES, windowsHide: true, encoding: "utf8" },
      (error, stdout) => {
        if (error === null) resolve(stdout);
        // A missing program is told, because the caller asked for it.
        else
          reject(
            new Error((error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no nvidia-smi" : error.message),
          );
      },
    );
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
