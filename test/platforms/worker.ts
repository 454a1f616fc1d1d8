import { memoryBackend } from "runledger/backends/memory";
import type { Job } from "./report.ts";
import { work } from "./work.ts";

/** An edge worker that does the job it is sent and answers with its report. */
export default {
  async fetch(request: Request): Promise<Response> {
    const job = (await request.json()) as Job;
    return Response.json(await work(job, memoryBackend(), []));
  },
};
