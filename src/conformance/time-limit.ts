import { ContractViolation } from "./assertions.ts";
import { contract } from "./contract.ts";

/** Longest that a case may take, in ms, unless the harness says otherwise. */
export const LIMIT_MS = 60_000;

/** What `work` comes to, or a `ContractViolation` that says how long `what` has not come to an end. What hangs goes on hanging. */
export async function inTime<T>(limitMs: number, what: string, work: () => Promise<T>): Promise<T> {
  let handle: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    handle = setTimeout(
      () => reject(new ContractViolation(`${what} did not end within ${limitMs / 1000} s`, contract.promise)),
      limitMs,
    );
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(handle);
  }
}
