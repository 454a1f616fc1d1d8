// @ts-check
/**
 * The one-way rule of the source tree:
 *
 *   ledger -> run -> { journal, series, media, artifacts, catalog, provenance } -> parquet -> backend
 *
 * `series`, `catalog` and `provenance` fold the journal and may import it; nothing else goes sideways. `parquet` is the
 * file format alone, below those who keep data in it. Backends and the
 * conformance kit know the seam alone; `adapters` and `node` know the public entry alone. Type-only imports count.
 * `test/architecture.test.ts` shows that every rule bites.
 */

/** Where Node's own modules may be used. Everything else runs in browsers and edge workers too. */
const NODE_ONLY = "^src/(backends/fs/|node/|adapters/duckdb/|parquet/gunzip/node\\.ts$|backends/[^/]+/harness\\.ts$)";

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

const rooms = ["journal", "series", "media", "artifacts", "catalog", "provenance"];

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no-circular", comment: "type-only circles count", severity: "error", from: {}, to: { circular: true } },

    arrow("backend"),
    arrow("parquet", "backend"),
    arrow("journal", "parquet/gunzip", "backend"),
    arrow("artifacts", "backend"),
    arrow("series", "journal", "parquet", "backend"),
    arrow("media", "parquet", "backend"),
    arrow("catalog", "journal", "parquet", "backend"),
    arrow("provenance", "journal", "backend"),
    arrow("run", ...rooms, "backend"),
    arrow("ledger", "run", ...rooms, "backend"),
    arrow("compare", "catalog"),
    arrow("conformance", "backend"),
    arrow("testing", "index\\.ts$", "backend", "backends/memory"),
    arrow("node", "index\\.ts$"),
    arrow("where", "catalog"),
    {
      name: "adapters-imports",
      comment: "an adapter knows the public entry, and no other adapter",
      severity: "error",
      from: { path: "^src/adapters/([^/]+)/" },
      to: { path: "^src/", pathNot: "^src/(adapters/$1/|index\\.ts$)" },
    },
    {
      name: "backends-imports",
      comment: "a backend knows the seam, and no other backend",
      severity: "error",
      from: { path: "^src/backends/([^/]+)/", pathNot: "/harness\\.ts$" },
      to: { path: "^src/", pathNot: "^src/(backends/$1|backend)/" },
    },
    {
      name: "harness-imports",
      comment: "a harness knows its backend, the seam and the conformance kit",
      severity: "error",
      from: { path: "^src/backends/([^/]+)/harness\\.ts$" },
      to: { path: "^src/", pathNot: "^src/(backends/$1|backend|conformance)/" },
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
      to: { path: "^src/", pathNot: `^src/(ledger|run|backend|${rooms.join("|")})/` },
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
