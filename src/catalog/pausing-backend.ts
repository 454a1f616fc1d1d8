import type { Backend } from "../backend/backend.ts";
import { layer } from "../backend/layers/layer.ts";

/**
 * Returns a backend that waits for `pause` before an operation, unless another one goes on. So the process may end
 * between two operations, and an object that is being stored is stored to its end.
 */
export function pausingBackend(backend: Backend, pause: () => Promise<void>): Backend {
  let running = 0;
  const operation = async <T>(proceed: () => Promise<T>): Promise<T> => {
    if (running === 0) await pause();
    running++;
    try {
      return await proceed();
    } finally {
      running--;
    }
  };
  return layer(backend, {
    create: (key, body, options) => operation(() => backend.create(key, body, options)),
    read: (key, options) => operation(() => backend.read(key, options)),
    stat: (key, options) => operation(() => backend.stat(key, options)),
    list: async function* (prefix, options) {
      await pause();
      yield* backend.list(prefix, options);
    },
    remove: (key, options) => operation(() => backend.remove(key, options)),
  });
}
