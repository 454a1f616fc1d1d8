import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * What a proxy before a real server does to a request: `reset` breaks the connection before the server gets it, `lost-ack` after
 * the server has answered; `error-before` and `error-after` give 500 instead, `bare-503-after` a 503 that is no S3 document;
 * `slow-down` is S3's own refusal; `cut-body` lets half of the answer through; `late` breaks the connection at once and hands the
 * request on 30 ms afterwards.
 */
export type ProxyFault =
  | "reset"
  | "lost-ack"
  | "late"
  | "error-before"
  | "error-after"
  | "bare-503-after"
  | "slow-down"
  | "cut-body";

export interface FaultProxy {
  readonly url: string;
  /** How often each fault has struck. */
  readonly struck: ReadonlyMap<ProxyFault, number>;
  close(): Promise<void>;
}

/** Stands before `target`. `plan` is asked for each request. The Host header goes through as it came: it is signed. */
export async function startFaultProxy(
  target: string,
  plan: (request: { readonly method: string; readonly path: string }) => ProxyFault | undefined,
): Promise<FaultProxy> {
  const to = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const struck = new Map<ProxyFault, number>();
  const late = new Set<Promise<unknown>>();

  const handOn = (incoming: IncomingMessage, body: Buffer): Promise<{ head: IncomingMessage; bytes: Buffer }> =>
    new Promise((resolve, reject) => {
      const { method, url: path, headers } = incoming;
      const outgoing = httpRequest(
        { agent, host: to.hostname, port: to.port, method, path, headers, setHost: false },
        (head) => {
          collect(head).then((bytes) => resolve({ head, bytes }), reject);
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await collect(incoming);
    const fault = plan({ method: incoming.method ?? "", path: incoming.url ?? "" });
    if (fault !== undefined) struck.set(fault, (struck.get(fault) ?? 0) + 1);
    if (fault === "late") {
      const work = new Promise((resolve) => setTimeout(resolve, 30)).then(() => handOn(incoming, body)).catch(() => {});
      late.add(work);
    }
    if (fault === "reset" || fault === "late") return void incoming.socket.destroy();
    if (fault === "error-before") return answer(response, 500, "InternalError");
    if (fault === "slow-down") return answer(response, 503, "SlowDown");
    const { head, bytes } = await handOn(incoming, body);
    if (fault === "lost-ack") return void incoming.socket.destroy();
    if (fault === "error-after") return answer(response, 500, "InternalError");
    if (fault === "bare-503-after")
      return void response.writeHead(503, { "content-type": "text/html" }).end("<html>busy</html>");
    response.writeHead(head.statusCode ?? 502, head.rawHeaders);
    if (fault !== "cut-body" || bytes.length === 0) return void response.end(bytes);
    response.write(bytes.subarray(0, bytes.length >> 1), () => incoming.socket.destroy());
  };

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    struck,
    async close() {
      await Promise.all(late);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      agent.destroy();
    },
  };
}

async function collect(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>by the proxy</Message></Error>`;
  response
    .writeHead(status, { "content-type": "application/xml", "content-length": Buffer.byteLength(body) })
    .end(body);
}
