import { serve } from "./serve-worker.ts";

// What the build bundles into `worker-script.ts`.
serve();
