import type { Backend } from "../backend/backend.ts";
import { describe } from "./assertions.ts";
import type { ConformanceHarness, ConformancePlace } from "./harness.ts";
import { assertMethods } from "./methods.ts";
import { inTime, LIMIT_MS } from "./run.ts";

/** The harness is wrong, so cases would report faults that the backend does not have. */
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
      fail("setup() must return an object with open() and teardown()");
    const handles: Backend[] = [];
    places.push({ place, handles });
    return async () => {
      const handle = await step("open()", async () => await place.open());
      if (typeof handle !== "object" || handle === null) fail("open() must return a backend");
      if (handles.includes(handle)) fail("open() returned the same handle twice, and must return a new one each time");
      handles.push(handle);
      return handle;
    };
  };
  const holds = async (backend: Backend): Promise<boolean> =>
    (await step("stat()", () => backend.stat(KEY))) !== undefined;

  try {
    const open = await setup();
    const first = await open();
    // If the backend lacks a method, the cases report that, with the sentence of the contract.
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
    if (!(await holds(first))) return; // The backend is wrong, not the harness.
    if (!(await holds(second)))
      fail("open() must open the same place again, but a handle does not find the object that another one created");
    const other = await (await setup())();
    if (await holds(other)) fail("setup() returned the same place twice, but each case needs its own");
  } finally {
    for (const { place, handles } of places) {
      for (const handle of handles) await Promise.resolve(handle.close?.()).catch(() => {});
      await step("teardown()", async () => await place.teardown());
    }
  }
}
