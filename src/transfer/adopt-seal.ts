import type { Backend } from "../backend/backend.ts";
import { segmentOf } from "../care/verify-seal.ts";
import { gate } from "../platform/bounded.ts";
import { appendLink } from "../seal/append-link.ts";
import { findAdoptedLink, hasOriginalLink } from "../seal/find-link.ts";
import type { RunSeal } from "../seal/run-seal.ts";
import type { ImportContext } from "./transfer-context.ts";

/** Adds links to each store one after another: on some stores, two creates of one key both succeed. */
const gates = new WeakMap<Backend, ReturnType<typeof gate>>();

/**
 * Adds a link to the chain of the target that names the seal of another ledger, unless the link that the seal names is
 * there. Must be done before the seal is stored: then a copy that has a seal has its link, too. Returns whether it added
 * one. `isCopied`: the target has the seal, so it is looked for a link that was added before.
 */
export async function adoptSeal(
  { target, stored, signal }: Pick<ImportContext, "target" | "stored" | "signal">,
  seal: RunSeal,
  isCopied: boolean,
): Promise<boolean> {
  const { run, experiment, tree, signers, link } = seal;
  const segment = segmentOf(experiment);
  if (await hasOriginalLink(target, segment, seal, signal)) return false;
  if (isCopied && (await findAdoptedLink(target, segment, seal, signal)) !== undefined) return false;
  const inTurn = gates.get(target) ?? gate(1);
  gates.set(target, inTurn);
  let isAdded = false;
  const onStored = (bytes: number): void => {
    stored(bytes);
    isAdded = true;
  };
  await inTurn(() => appendLink(target, segment, { run, experiment, tree, signers, original: link }, signal, onStored));
  return isAdded;
}
