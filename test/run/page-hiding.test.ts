import { afterEach, expect, test, vi } from "vitest";
import { openLedger } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import type { Backend } from "../../src/backend/backend.ts";

/** A page as far as the library looks at it. */
function openPage(): { hide(): void; leave(): void } {
  const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const window = new EventTarget();
  vi.stubGlobal("document", page);
  vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
  vi.stubGlobal("removeEventListener", window.removeEventListener.bind(window));
  return {
    hide() {
      page.visibilityState = "hidden";
      page.dispatchEvent(new Event("visibilitychange"));
    },
    leave: () => void window.dispatchEvent(new Event("pagehide")),
  };
}

afterEach(() => vi.unstubAllGlobals());

/** A place that outlives the process, as far as its capabilities say. */
function durablePlace(): Backend {
  const memory = memoryBackend();
  return new Proxy<Backend>(memory, {
    get(target, name) {
      if (name === "capabilities") return { ...memory.capabilities, durable: true };
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

test.each(["hide", "leave"] as const)("a run stores what it has logged when its page %ss", async (how) => {
  const page = openPage();
  const ledger = await openLedger(durablePlace());
  const run = await ledger.startRun({ flush: { intervalMs: 1e9 } });
  run.log({ loss: 1 });
  expect(run.stats).toMatchObject({ buffered: 1, acknowledged: 0 });
  page[how]();
  await vi.waitFor(() => expect(run.stats).toMatchObject({ buffered: 0, acknowledged: 1 }));
  await run.finish();
});

test("a page that becomes visible stores nothing, and neither does one whose runs are closed", async () => {
  const page = openPage();
  const backend = durablePlace();
  const append = vi.spyOn(backend as Required<Backend>, "append");
  const ledger = await openLedger(backend);
  const run = await ledger.startRun({ flush: { intervalMs: 1e9 } });
  run.log({ loss: 1 });
  const before = append.mock.calls.length;
  (globalThis as unknown as { document: EventTarget }).document.dispatchEvent(new Event("visibilitychange"));
  await Promise.resolve();
  expect(run.stats.buffered).toBe(1);
  expect(append.mock.calls.length).toBe(before);
  await run.finish();
  const after = append.mock.calls.length;
  page.hide();
  page.leave();
  await Promise.resolve();
  expect(append.mock.calls.length).toBe(after);
});
