export type { BrowserStorage } from "./browser-storage.ts";
export { type OpfsBackend, type OpfsBackendOptions, opfsBackend } from "./backend.ts";
export { serveOpfs } from "./serve-opfs.ts";
