import type { Backend, Body } from "../backend/backend.ts";
import { same, sameBytes } from "./assertions.ts";
import { contract } from "./contract.ts";

/** Creates an object, and compares what another handle reads with `expected`. */
export async function roundTrip(
  backend: Backend,
  other: Backend,
  key: string,
  body: Body,
  expected: Uint8Array,
): Promise<void> {
  await backend.create(key, body);
  sameBytes(await other.read(key), expected, contract.object, `read of ${key}`);
  same(await other.stat(key), { size: expected.byteLength }, contract.stat, `stat of ${key}`);
}
