import type { Backend } from "../../backend/backend.ts";
import type { ConformanceHarness } from "../../conformance/harness.ts";

/**
 * Runs the cases on places in memory that are read over HTTP. Before each read the place is published, if it has
 * changed.
 */
const published: ConformanceHarness = {
  name: "http (published before each read)",
  runsIn: ["node"],
  async setup() {
    const { httpBackend } = await import("./backend.ts");
    const { publish } = await import("./publish.ts");
    const { asFetch, newPlace } = await import("../../../test/servers/static-host.ts");
    const place = newPlace();
    let isPublished = false;
    let publishing: Promise<unknown> = Promise.resolve();
    const upToDate = async (): Promise<void> => {
      if (!isPublished) {
        isPublished = true;
        publishing = publishing.then(() => publish(place.open()));
      }
      await publishing;
    };
    return {
      async open(): Promise<Backend> {
        const writing = place.open();
        const reading = httpBackend("http://localhost/some/place", {
          fetch: asFetch(place),
          refreshMs: 0,
          retry: { attempts: 1 },
        });
        const changing = <Args extends unknown[]>(change: (...args: Args) => Promise<void>) => {
          return async (...args: Args): Promise<void> => {
            try {
              await change(...args);
            } finally {
              isPublished = false;
            }
          };
        };
        return {
          contract: 1,
          name: "http",
          capabilities: { append: false, exclusiveCreate: true, durable: false },
          create: changing((key, body, options) => writing.create(key, body, options)),
          remove: changing((key, options) => writing.remove(key, options)),
          async read(key, options) {
            await upToDate();
            return await reading.read(key, options);
          },
          async stat(key, options) {
            await upToDate();
            return await reading.stat(key, options);
          },
          async *list(prefix, options) {
            await upToDate();
            yield* reading.list(prefix, options);
          },
          async close() {
            await Promise.all([writing.close?.(), reading.close?.()]);
          },
        };
      },
      teardown: async () => {},
    };
  },
};

export const harnesses: readonly ConformanceHarness[] = [published];
