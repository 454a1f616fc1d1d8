// @ts-check
/**
 * The one-way rule of the source tree:
 *
 *   ledger -> { run, transfer -> care } -> run-objects -> { journal, series, media, artifacts, catalog, compare, provenance } -> { filter, parquet } -> backend
 *     -> ground floor
 *
 * `care`, `transfer` and `ledger` import `seal`, which knows trees, signatures and the seam alone. The ground floor is `bytes -> { platform, arguments } -> errors`, and every room may use it. `series`, `catalog`, `filter`,
 * `compare` and `provenance` fold the journal or know its records, and may import it; `catalog` and `compare` may import `filter`, and `compare` the patches of `provenance`;
 * `git` imports the redaction of `provenance`, and the type of recorded code of `journal`; no other room imports a neighbour. Backends and the conformance kit know the seam alone; `adapters` know the public entries
 * `runledger`, `runledger/backend` and `runledger/files` alone; the backend of browsers falls back to `backends/memory`; `node` opens ledgers with captures, and so also knows `ledger`, `run`
 * and `provenance`, and loads the backends that places name, and `git`. Entries are for what is outside: the rooms of the core import files, not
 * entries. Type-only imports count.
 * `test/sources/architecture.test.ts` shows that every rule bites.
 */

/** Where Node's own modules may be used. Everything else runs in browsers and edge workers too. */
const NODE_ONLY = "^src/(backends/fs/|node/|adapters/duckdb/|bytes/gunzip/node\\.ts$|backends/[^/]+/harness\\.ts$)";

/**
 * @param {string} room a folder of src
 * @param {string[]} allowed what it may import besides itself, as regular expressions
 */
const arrow = (room, ...allowed) => ({
  name: `${room}-imports`,
  comment: `src/${room} may import only itself${allowed.length > 0 ? ` and ${allowed.join(", ")}` : ""}`,
  severity: "error",
  from: { path: `^src/${room}/` },
  to: {
    path: "^src/",
    pathNot: [room, ...allowed].map((name) => (name.endsWith("$") ? `^src/${name}` : `^src/${name}/`)),
  },
});

/** What every room may use. */
const ground = ["bytes", "platform", "arguments", "errors"];
/** Public entries that adapters may use. */
const doors = ["index\\.ts$", "backend/index\\.ts$", "files/index\\.ts$"];
const rooms = ["journal", "series", "media", "artifacts", "catalog", "filter", "compare", "provenance"];

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no-circular", comment: "type-only circles count", severity: "error", from: {}, to: { circular: true } },

    arrow("errors"),
    arrow("arguments", "errors"),
    arrow("platform", "errors"),
    arrow("bytes", "platform", "errors"),
    arrow("backend", ...ground),
    arrow("parquet", "backend", ...ground),
    arrow("journal", "backend", ...ground),
    arrow("artifacts", "backend", ...ground),
    arrow("series", "journal", "parquet", "backend", ...ground),
    arrow("media", "parquet", "backend", ...ground),
    arrow("filter", "journal", ...ground),
    arrow("compare", "filter", "provenance", "journal", ...ground),
    arrow("catalog", "filter", "journal", "parquet", "backend", ...ground),
    arrow("provenance", "journal", "backend", ...ground),
    arrow("git", "provenance", "journal", "backend", ...ground),
    arrow("run-objects", "journal", "artifacts", "catalog", "backend", ...ground),
    arrow("seal", "backend", ...ground),
    arrow("care", "run-objects", "seal", "journal", "artifacts", "catalog", "backend", ...ground),
    arrow("transfer", "care", "seal", "run-objects", "journal", "artifacts", "catalog", "backend", ...ground),
    arrow("run", "run-objects", ...rooms, "backend", ...ground),
    arrow("ledger", "run", "transfer", "care", "run-objects", "seal", ...rooms, "backend", ...ground),
    arrow("conformance", "backend", ...ground),
    arrow("testing", "index\\.ts$", "backend", "backends/memory", ...ground),
    arrow(
      "node",
      "index\\.ts$",
      "(backends/(fs|s3)|git)/index\\.ts$",
      "git/capture-options\\.ts$",
      "ledger",
      "run",
      "journal",
      "provenance",
      "backend",
      ...ground,
    ),
    arrow("where", "filter"),
    arrow("files", "ledger", "artifacts"),
    {
      name: "entries-stay-outside",
      comment: "the core imports the files of a room, not the entry that other programs get",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(adapters|node|testing)/|/harness\\.ts$" },
      to: { path: "^src/(index|(backend|compare|conformance|files|git|node|seal|testing|where)/index)\\.ts$" },
    },
    {
      name: "adapters-imports",
      comment: "an adapter knows the public entries, and no other adapter",
      severity: "error",
      from: { path: "^src/adapters/([^/]+)/" },
      to: { path: "^src/", pathNot: `^src/(adapters/$1/|${doors.join("|")})` },
    },
    {
      name: "backends-imports",
      comment: "a backend knows the seam, and no other backend",
      severity: "error",
      from: { path: "^src/backends/([^/]+)/", pathNot: "/harness\\.ts$|^src/backends/opfs/" },
      to: { path: "^src/", pathNot: `^src/(backends/$1|backend|${ground.join("|")})/` },
    },
    {
      name: "opfs-imports",
      comment: "a browser without storage gets the backend in memory",
      severity: "error",
      from: { path: "^src/backends/opfs/", pathNot: "/harness\\.ts$" },
      to: { path: "^src/", pathNot: `^src/(backends/(opfs|memory)|backend|${ground.join("|")})/` },
    },
    {
      name: "harness-imports",
      comment: "a harness knows its backend, the seam and the conformance kit",
      severity: "error",
      from: { path: "^src/backends/([^/]+)/harness\\.ts$" },
      to: { path: "^src/", pathNot: `^src/(backends/$1|backend|conformance|${ground.join("|")})/` },
    },
    {
      name: "harness-stays-out",
      comment: "harnesses are not published, so nothing published imports one",
      severity: "error",
      from: { path: "^src/", pathNot: "/harness\\.ts$" },
      to: { path: "^src/backends/[^/]+/harness\\.ts$" },
    },
    {
      name: "index-imports",
      comment: "the public entry re-exports the core and picks no backend",
      severity: "error",
      from: { path: "^src/index\\.ts$" },
      to: { path: "^src/", pathNot: `^src/(ledger|run|backend|${[...rooms, ...ground].join("|")})/` },
    },
    {
      name: "node-modules-of-node",
      comment: "Node's own modules stay out of what runs anywhere",
      severity: "error",
      from: { path: "^src/", pathNot: NODE_ONLY },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "src-stands-alone",
      comment: "the library imports nothing of this repository but itself",
      severity: "error",
      from: { path: "^src/", pathNot: "/harness\\.ts$" },
      to: { path: "^(test|examples|bench|docs)/" },
    },
    {
      name: "declared-dependencies",
      comment: "what src imports is in `dependencies`, and resolves; an adapter may need what users install themselves",
      severity: "error",
      from: { path: "^src/", pathNot: "/harness\\.ts$" },
      to: {
        pathNot: "(^|/)@duckdb/",
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown", "unknown", "undetermined"],
      },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["runledger-source", "node", "import", "types", "default"],
      extensions: [".ts", ".js", ".json", ".d.ts"],
    },
  },
};
