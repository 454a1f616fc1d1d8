export { guardProcess, type GuardOptions } from "./guard-process.ts";
