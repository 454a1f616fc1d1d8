import type { Backend, Liveness } from "../backend.ts";
import { LedgerError, describeType, invalidArgument } from "../../errors/ledger-error.ts";

/** Throws `INVALID_ARGUMENT` unless `value` looks like a `Backend` of the contract that this library knows. */
export function assertBackend(value: unknown): asserts value is Backend {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) throw noBackend(value);
  const given = value as Record<string, unknown>;
  if (given["contract"] === undefined) throw noBackend(value);
  if (given["contract"] !== 1) {
    const shown = typeof given["contract"] === "number" ? given["contract"] : "not a number";
    throw new LedgerError("INVALID_ARGUMENT", `backend.contract must be 1, but is ${shown}`, {
      field: "backend.contract",
      received: describeType(given["contract"]),
    });
  }
  if (typeof given["name"] !== "string") throw invalidArgument("backend.name", "a string", given["name"]);
  assertCapabilities(given["capabilities"]);
  const { append, move } = given["capabilities"] as { append: boolean; move?: boolean };
  const required = [
    "create",
    "read",
    "stat",
    "list",
    "remove",
    ...(append ? ["append"] : []),
    ...(move ? ["move"] : []),
  ];
  for (const method of required) requireMethod(given, method);
  for (const method of ["append", "move", "changes", "close"])
    if (given[method] !== undefined) requireMethod(given, method);
  assertLiveness(given["liveness"]);
}

function noBackend(value: unknown): LedgerError {
  const error = invalidArgument("backend", "a Backend, such as fsBackend() returns", value);
  const name = typeof value === "function" && /^\w{1,60}$/.test(value.name) ? value.name : "";
  let hint = "";
  if (typeof value === "function") hint = name === "" ? ": call it first" : `: call it, as in openLedger(${name}(…))`;
  else if (typeof value === "string")
    hint = value.startsWith("s3:")
      ? ": use s3Backend({ bucket, prefix }) of runledger/backends/s3"
      : ": use fsBackend(path) of runledger/backends/fs for a directory";
  return new LedgerError("INVALID_ARGUMENT", `${error.message}${hint}`, { field: "backend", received: error.received });
}

function assertCapabilities(value: unknown): void {
  if (typeof value !== "object" || value === null) throw invalidArgument("backend.capabilities", "an object", value);
  const given = value as Record<string, unknown>;
  for (const name of ["append", "exclusiveCreate", "durable", "move", "readOnly"]) {
    if ((name === "move" || name === "readOnly") && given[name] === undefined) continue;
    if (typeof given[name] !== "boolean")
      throw invalidArgument(`backend.capabilities.${name}`, "a boolean", given[name]);
  }
}

function assertLiveness(value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== "object" || value === null) throw invalidArgument("backend.liveness", "an object", value);
  const { isAlive } = value as { isAlive?: unknown };
  // A getter may take long to compute the token, and a program that only reads never needs it.
  if (!hasGetter(value, "token")) toToken((value as { token?: unknown }).token);
  if (typeof isAlive !== "function") throw invalidArgument("backend.liveness.isAlive", "a function", isAlive);
}

/** Returns a liveness that checks the token when it is read. */
export function checkedLiveness(liveness: Liveness): Liveness {
  return {
    get token() {
      return toToken(liveness.token);
    },
    isAlive: (token) => liveness.isAlive(token),
  };
}

function toToken(token: unknown): string {
  if (typeof token !== "string" || token.length > 200)
    throw invalidArgument("backend.liveness.token", "a string of at most 200 characters", token);
  return token;
}

function hasGetter(value: object, name: string): boolean {
  for (let owner: object | null = value; owner !== null; owner = Object.getPrototypeOf(owner) as object | null) {
    const property = Object.getOwnPropertyDescriptor(owner, name);
    if (property) return property.get !== undefined;
  }
  return false;
}

function requireMethod(given: Record<string, unknown>, method: string): void {
  if (typeof given[method] !== "function") throw invalidArgument(`backend.${method}`, "a function", given[method]);
}
