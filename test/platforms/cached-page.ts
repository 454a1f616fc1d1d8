import { LedgerError, openLedger } from "runledger";
import { httpBackend } from "runledger/backends/http";

// What a test calls in a tab, through `Tab.call`.
const calls = {
  loaded: () => true,

  /** Installs a service worker that answers from its cache what matches the pattern, and resolves when it does so. */
  async install(pattern: string): Promise<void> {
    const controlled = new Promise((resolve) => {
      navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true });
    });
    await navigator.serviceWorker.register(`/service-worker.js?${encodeURIComponent(pattern)}`);
    await controlled;
  },

  async uninstall(): Promise<void> {
    await (await navigator.serviceWorker.getRegistration())?.unregister();
  },

  /** Returns the names of the runs of a ledger and the number of points of each, or the code and the text of an error. */
  async read(url: string): Promise<object> {
    try {
      const ledger = await openLedger(httpBackend(url));
      const { runs } = await ledger.searchRuns({ orderBy: "start_time" });
      const points = runs.map(async ({ id }) => (await ledger.history(id, "loss")).values.length);
      return { names: runs.map(({ name }) => name), points: await Promise.all(points) };
    } catch (error) {
      if (!LedgerError.is(error)) return { code: "not a LedgerError", message: String(error) };
      return { code: error.code, message: error.message };
    }
  },
};

Object.assign(globalThis, { calls });
