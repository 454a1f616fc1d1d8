// The code that measures the system. It is loaded as one.
export { CgroupUsage } from "./cgroup-usage.ts";
export { gpuMetrics } from "./gpu-metrics.ts";
export { SystemSampler } from "./system-sampler.ts";
