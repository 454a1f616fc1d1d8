import { createHash } from "node:crypto";
import type { Backend } from "../../src/index.ts";
import type { RunObject } from "../../src/run-objects/run-object.ts";

export async function keysIn(backend: Backend, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of backend.list(prefix)) keys.push(key);
  return keys;
}

export async function all(objects: AsyncIterable<RunObject>): Promise<RunObject[]> {
  const found: RunObject[] = [];
  for await (const object of objects) found.push(object);
  return found;
}

/** Each key once, in order. */
export const keysOf = (objects: readonly RunObject[]): string[] => [...new Set(objects.map(({ key }) => key))].sort();

export const sha256 = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
