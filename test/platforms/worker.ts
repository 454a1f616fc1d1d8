import { bucketHarness, memoryHarness } from "./harnesses.ts";
import type { Job } from "./report.ts";
import { work } from "./work.ts";

/** An edge worker that does the job it is sent and answers with its report. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { s3 } = (await request.json()) as Job;
    return Response.json(await work([memoryHarness, ...(s3 ? [bucketHarness(s3)] : [])]));
  },
};
