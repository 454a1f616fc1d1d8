import type { Backend } from "../backend/backend.ts";
import type { BackgroundWork } from "../platform/background-work.ts";
import { layer } from "../backend/layers/layer.ts";

/**
 * Returns a backend whose operations begin together, after a pause, when none goes on. So the process may end between
 * two such groups. They do not wait if somebody waits for the work. The operations that go on while an object is stored begin at once: the object may need what they
 * read, and it is stored to its end.
 */
export function pausingBackend(backend: Backend, work: Pick<BackgroundWork, "isAwaited" | "pause">): Backend {
  let running = 0;
  let storing = 0;
  let next: Promise<void> | undefined;
  let release = (): void => {};
  const begin = async (): Promise<void> => {
    if (running > 0 && storing === 0) await new Promise<void>((resolve) => (release = resolve));
    await work.pause();
    next = undefined;
  };
  const turn = async (): Promise<void> => {
    if (storing === 0 && !work.isAwaited) await (next ??= begin());
  };
  const operation = async <T>(proceed: () => Promise<T>): Promise<T> => {
    await turn();
    running++;
    try {
      return await proceed();
    } finally {
      if (--running === 0) release();
    }
  };
  return layer(backend, {
    create: (key, body, options) =>
      operation(async () => {
        storing++;
        release();
        try {
          return await backend.create(key, body, options);
        } finally {
          storing--;
        }
      }),
    read: (key, options) => operation(() => backend.read(key, options)),
    stat: (key, options) => operation(() => backend.stat(key, options)),
    list: async function* (prefix, options) {
      await turn();
      yield* backend.list(prefix, options);
    },
    remove: (key, options) => operation(() => backend.remove(key, options)),
  });
}
