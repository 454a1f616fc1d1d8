import fc from "fast-check";
import { expect, test } from "vitest";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { decodeCheckedJson, encodeCheckedJson } from "../../src/bytes/checked-json.ts";
import { decodeRunCreated } from "../../src/journal/read-run-beginning.ts";
import { encodeRunCreated, type RunCreated } from "../../src/journal/run-created.ts";

test("an object comes back as it was", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue(), { minKeys: 1 }), (value) => {
      const bytes = encodeCheckedJson(value, "value");
      expect(decodeCheckedJson(bytes)).toEqual(value);
      // Anybody else reads it as plain JSON.
      expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({
        crc32: expect.stringMatching(/^[0-9a-f]{8}$/),
      });
    }),
  );
});

test("no bit of how a run began can change without being noticed", () => {
  const created: RunCreated = {
    v: 1,
    id: "run00000000000000",
    experiment: "mnist",
    name: "a",
    createdAt: 1_700_000_000_000,
    params: { lr: 0.25, layers: [1, 2] },
    writer: { id: "writer", beatMs: 10_000 },
  };
  const bytes = encodeRunCreated(created);
  const right = decodeRunCreated(bytes, created.id);
  expect(right).toEqual(created);
  let noticed = 0;
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    try {
      decodeRunCreated(changed, created.id);
    } catch (error) {
      if (!LedgerError.is(error)) throw error;
      expect(error).toMatchObject({ code: "CORRUPT", key: `runs/${created.id}/run.created.json` });
      noticed++;
    }
  }
  expect(noticed).toBe(bytes.length * 8);
});
