export { type MemoryBackend, type MemoryBackendOptions, type MemorySnapshot, memoryBackend } from "./backend.ts";
