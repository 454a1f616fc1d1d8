import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { decodeSegment } from "../backend/key.ts";

/** Yields the names of the artifacts, in the order of their keys. Lists about one key for each. */
export async function* artifactNames(
  backend: Backend,
  signal: AbortSignal | undefined,
): AsyncGenerator<string, void, undefined> {
  let startAfter: string | undefined;
  for (;;) {
    let segment: string | undefined;
    const after = startAfter === undefined ? {} : { startAfter };
    for await (const { key } of backend.list("artifacts", { ...callOptions(signal), ...after, pageSize: 1 })) {
      segment = key.split("/")[1] ?? "";
      break;
    }
    if (segment === undefined) return;
    startAfter = `artifacts/${segment}/~`;
    const name = nameOf(segment);
    if (name !== undefined) yield name;
  }
}

function nameOf(segment: string): string | undefined {
  try {
    return decodeSegment(segment);
  } catch {
    return undefined; // Not an object of this library.
  }
}
