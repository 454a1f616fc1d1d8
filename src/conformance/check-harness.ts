import type { Backend } from "../backend/backend.ts";
import { describe } from "./assertions.ts";
import type { ConformanceHarness, ConformancePlace } from "./harness.ts";
import { assertMethods } from "./methods.ts";
import { inTime, LIMIT_MS } from "./run.ts";

/** The harness is wrong, so that cases would say wrong things of the backend. */
class HarnessFault extends Error {
  static {
    this.prototype.name = "HarnessFault";
  }
}

const KEY = "runledger/harness-check";

/**
 * Checks a harness itself: each place is empty, other handles open the same place, and no two cases share a place.
 * Rejects with an error that says what is wrong.
 */
export async function checkHarness(harness: ConformanceHarness): Promise<void> {
  const fail = (what: string, cause?: unknown): never => {
    throw new HarnessFault(`the harness ${JSON.stringify(harness.name)} is wrong: ${what}`, { cause });
  };
  const step = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await inTime(harness.limitMs ?? LIMIT_MS, what, work);
    } catch (error) {
      return fail(`${what} failed with ${describe(error)}`, error);
    }
  };
  const places: { place: ConformancePlace; handles: Backend[] }[] = [];
  const setup = async (): Promise<() => Promise<Backend>> => {
    const place = await step("setup()", async () => await harness.setup());
    if (typeof place?.open !== "function" || typeof place.teardown !== "function")
      fail("setup() must give an object with open() and teardown()");
    const handles: Backend[] = [];
    places.push({ place, handles });
    return async () => {
      const handle = await step("open()", async () => await place.open());
      if (typeof handle !== "object" || handle === null) fail("open() must give a backend");
      if (handles.includes(handle)) fail("open() gave the same handle twice, and must give a new one each time");
      handles.push(handle);
      return handle;
    };
  };
  const holds = async (backend: Backend): Promise<boolean> =>
    (await step("stat()", () => backend.stat(KEY))) !== undefined;

  try {
    const open = await setup();
    const first = await open();
    // A backend that lacks a method is for the cases to tell, with the sentence of the contract.
    try {
      assertMethods(first);
    } catch {
      return;
    }
    const found = await step("list() of a new place", async () => {
      for await (const { key } of first.list("")) return key;
      return undefined;
    });
    if (found !== undefined) fail(`setup() must make an empty place, but it holds ${JSON.stringify(found)}`);
    const second = await open();
    await step("create()", () => first.create(KEY, new Uint8Array(1)));
    if (!(await holds(first))) return; // So wrong is the backend, not the harness.
    if (!(await holds(second)))
      fail("open() must open the same place again, but an object of one handle is not there for the next");
    const other = await (await setup())();
    if (await holds(other)) fail("setup() gave the same place twice: each case must have one of its own");
  } finally {
    for (const { place, handles } of places) {
      for (const handle of handles) await Promise.resolve(handle.close?.()).catch(() => {});
      await step("teardown()", async () => await place.teardown());
    }
  }
}
