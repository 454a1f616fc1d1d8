import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Delivery } from "./faults.ts";
import type { RawRequest } from "./messages.ts";

type Handler = (request: RawRequest) => Promise<Delivery>;

/** A `fetch` that reaches the handler without a network. */
export function asFetch(handle: Handler): typeof globalThis.fetch {
  return async (input, init = {}) => {
    if (init.redirect !== "manual") throw new Error("the fake takes only requests with redirect: manual");
    const { signal } = init;
    signal?.throwIfAborted();
    const url = new URL(input as string);
    const headers = new Map(new Headers(init.headers));
    const body = init.body instanceof Uint8Array ? new Uint8Array(init.body) : new Uint8Array();
    const request = { method: init.method ?? "GET", host: url.host, target: url.pathname + url.search, headers, body };
    const aborted = new Promise<never>((_, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true }),
    );
    const delivery = await Promise.race([handle(request), aborted]);
    if ("broken" in delivery) {
      if (delivery.broken === "hang") return aborted;
      throw new TypeError("fetch failed", {
        cause: Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }),
      });
    }
    const { response, cutAt } = delivery;
    const told = new Headers({ ...response.headers, "content-length": String(response.body.length) });
    const bytes = response.body.slice(0, cutAt ?? response.body.length);
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        if (bytes.length > 0) controller.enqueue(bytes);
        controller.close();
      },
    });
    return new Response(response.status === 204 ? null : stream, { status: response.status, headers: told });
  };
}

export interface Listening {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  close(): Promise<void>;
}

/** A real HTTP server before the handler, on a free port of 127.0.0.1. */
export async function listen(handle: Handler): Promise<Listening> {
  const server: Server = createServer((request, response) => {
    void serve(handle, request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(handle: Handler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = new Map(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  const host = headers.get("host") ?? "";
  const delivery = await handle({
    method: incoming.method ?? "GET",
    host,
    target: incoming.url ?? "/",
    headers,
    body: new Uint8Array(Buffer.concat(chunks)),
  });
  if ("broken" in delivery) {
    if (delivery.broken === "reset") incoming.socket.destroy();
    return;
  }
  const { response, cutAt } = delivery;
  outgoing.writeHead(
    response.status,
    response.status === 204 ? response.headers : { ...response.headers, "content-length": response.body.length },
  );
  if (cutAt === undefined) outgoing.end(response.body);
  else outgoing.write(response.body.subarray(0, cutAt), () => incoming.socket.destroy());
}
