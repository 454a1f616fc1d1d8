import { hold, outcome, rejects, within } from "../assertions.ts";
import type { ConformanceCase } from "../case.ts";
import { contract } from "../contract.ts";
import { assertMethods } from "../methods.ts";
import { text } from "../samples.ts";

const FLAGS = ["append", "exclusiveCreate", "durable"] as const;

/** What a handle looks like: members, capabilities, liveness. */
export const shapeCases: readonly ConformanceCase[] = [
  {
    name: "shape: contract is 1 and the backend has a name",
    async run({ backend }) {
      hold(backend.contract === 1, contract.version, `contract is ${String(backend.contract)}, not 1`);
      hold(typeof backend.name === "string" && backend.name !== "", contract.version, "name is not a non-empty string");
      assertMethods(backend);
    },
  },
  {
    name: "shape: capabilities are booleans, and declared methods exist",
    async run({ backend }) {
      const { capabilities } = backend;
      for (const flag of FLAGS) {
        hold(typeof capabilities?.[flag] === "boolean", contract.capabilities, `capabilities.${flag} is not a boolean`);
      }
      const { move } = capabilities;
      hold(
        move === undefined || typeof move === "boolean",
        contract.capabilities,
        "capabilities.move is not a boolean",
      );
      hold(
        !capabilities.append || typeof backend.append === "function",
        contract.appendCapability,
        "append is declared, but missing",
      );
      hold(!move || typeof backend.move === "function", contract.moveCapability, "move is declared, but missing");
    },
  },
  {
    name: "shape: append is absent or UNSUPPORTED if it is not declared",
    needs: ["!append"],
    async run({ backend }) {
      const append = backend.append?.bind(backend);
      if (append === undefined) return;
      await rejects("UNSUPPORTED", undefined, contract.appendUnsupported, "append, which is not declared,", () =>
        append("a", text("x")),
      );
      hold(
        (await backend.stat("a")) === undefined,
        contract.appendUnsupported,
        "append, which is not declared, left an object",
      );
    },
  },
  {
    name: "shape: move is absent or UNSUPPORTED if it is not declared",
    needs: ["!move"],
    async run({ backend }) {
      const move = backend.move?.bind(backend);
      if (move === undefined) return;
      await backend.create("a", text("x"));
      await rejects("UNSUPPORTED", undefined, contract.moveUnsupported, "move, which is not declared,", () =>
        move("a", "b"),
      );
      hold(
        (await backend.stat("a")) !== undefined,
        contract.moveUnsupported,
        "move, which is not declared, took the object away",
      );
    },
  },
  {
    name: "shape: liveness knows this process, and never rejects",
    needs: ["liveness"],
    async run({ backend, open }) {
      const liveness = backend.liveness;
      hold(liveness !== undefined, contract.token, "liveness is missing");
      const { token } = liveness;
      hold(
        typeof token === "string" && token.length > 0 && token.length <= 200,
        contract.token,
        "the token is not a string of 1 to 200 characters",
      );
      const other = (await open()).liveness;
      for (const asked of [liveness, other]) {
        if (asked === undefined) continue;
        const own = await within(contract.isAlive, "isAlive of the own token", asked.isAlive(token));
        hold(own === true, contract.isAlive, `isAlive of this process's token returns ${String(own)}`);
      }
      for (const foreign of ["", "nonsense", "0", "999999999", "{}", "a:b:c:d", "x".repeat(200)]) {
        const answer = await outcome(`isAlive(${JSON.stringify(foreign)})`, () => liveness.isAlive(foreign));
        hold(answer.resolved, contract.isAlive, `isAlive(${JSON.stringify(foreign)}) rejected`);
        hold(
          answer.value !== true,
          contract.isAlive,
          `isAlive(${JSON.stringify(foreign)}) returns true for a process that never existed`,
        );
      }
    },
  },
];
