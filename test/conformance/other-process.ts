import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { OtherProcess } from "../../src/conformance/harness.ts";

/** Opens a directory with the fs backend in another process of Node. */
export async function openInOtherProcess(directory: string, durability: "os" | "disk"): Promise<OtherProcess> {
  const child = fork(fileURLToPath(new URL("fs-process.ts", import.meta.url)), [directory, durability], {
    execArgv: ["--import", "tsx", "--conditions=runledger-source"],
    serialization: "advanced",
  });
  const exited = once(child, "exit");
  const message = async (): Promise<unknown> => {
    const failed = exited.then(([code, signal]) => {
      throw new Error(`the other process ended by itself: ${code ?? signal}`);
    });
    const [answer] = (await Promise.race([once(child, "message"), failed])) as [unknown];
    return answer;
  };
  await message();
  return {
    async create(keys, bytes) {
      child.send({ keys, bytes });
      return (await message()) as (string | undefined)[];
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
