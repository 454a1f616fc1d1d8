/** The text of the worker, `worker-main.ts` bundled. The build puts it here; the sources have none. */
export const workerScript: string | undefined = undefined;
