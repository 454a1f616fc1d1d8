import type { Backend } from "../backend/backend.ts";
import { hold } from "./assertions.ts";
import { contract, type Sentence } from "./contract.ts";

/** What the contract says that each method does. */
const METHODS: Readonly<Record<"create" | "read" | "stat" | "list" | "remove", Sentence>> = {
  create: contract.createWhole,
  read: contract.read,
  stat: contract.stat,
  list: contract.listEmpty,
  remove: contract.removeOne,
};

/** Throws unless the backend has every required method and every method that it declares. */
export function assertMethods(backend: Backend): void {
  for (const [name, sentence] of Object.entries(METHODS)) {
    hold(typeof backend[name as keyof typeof METHODS] === "function", sentence, `the backend has no method ${name}`);
  }
  const { append, move } = backend.capabilities ?? {};
  hold(
    append !== true || typeof backend.append === "function",
    contract.appendCapability,
    "append is declared, but missing",
  );
  hold(move !== true || typeof backend.move === "function", contract.moveCapability, "move is declared, but missing");
}
