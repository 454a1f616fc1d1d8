/** Whether this is a page or a worker of a browser, whose `fetch` has cookies and a cache. */
export const inBrowser: boolean = "document" in globalThis || "WorkerGlobalScope" in globalThis;
