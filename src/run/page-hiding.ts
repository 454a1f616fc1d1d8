/** The needed members of a page's `document`. */
interface PageDocument extends EventTarget {
  readonly visibilityState?: string;
}

/**
 * Calls `work` each time the page is hidden or left. A browser may end a hidden page without a further event. Returns a
 * function that stops this. Does nothing where there is no page.
 */
export function whenPageHides(work: () => void): () => void {
  const { document } = globalThis as { readonly document?: Partial<PageDocument> };
  if (typeof document?.addEventListener !== "function" || typeof globalThis.addEventListener !== "function")
    return () => {};
  const page = document as PageDocument;
  const onVisibility = (): void => {
    if (page.visibilityState === "hidden") work();
  };
  page.addEventListener("visibilitychange", onVisibility);
  globalThis.addEventListener("pagehide", work);
  return () => {
    page.removeEventListener("visibilitychange", onVisibility);
    globalThis.removeEventListener("pagehide", work);
  };
}
