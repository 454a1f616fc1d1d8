/** Runs that `withRun` closed after its function, so that later calls can say so. */
export const closedByWithRun: WeakSet<object> = /* @__PURE__ */ new WeakSet();
