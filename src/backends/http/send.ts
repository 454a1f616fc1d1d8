import { dropBody } from "../../backend/requests/answer-body.ts";
import { Attempts, retryAfter } from "../../backend/requests/attempts.ts";
import { errorName } from "../../backend/requests/error-name.ts";
import { IdleLimit } from "../../backend/requests/idle-limit.ts";
import { inBrowser } from "../../backend/requests/in-browser.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { abortable } from "../../platform/abort.ts";
import { failure } from "./failure.ts";
import { Missing } from "./missing.ts";
import type { Settings } from "./options.ts";

/** One request to the server. */
export interface Request {
  readonly operation: string;
  readonly key: string;
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  /** Asks the server even if a cache of the browser has the object. */
  readonly revalidate?: boolean;
  readonly signal: AbortSignal | undefined;
}

const MAX_REDIRECTS = 10;

/**
 * Sends a request and returns what `use` makes of the response. `use` calls `progress` for each chunk. Repeats the
 * request if the network or `use` fails with something that may pass, and if the server says that it is busy.
 */
export async function send<T>(
  settings: Settings,
  request: Request,
  use: (response: Response, progress: () => void) => Promise<T>,
): Promise<T> {
  const { closing } = settings;
  const stop = new AbortController();
  const { signal } = stop;
  const onAbort = (): void => stop.abort(request.signal?.reason);
  if (request.signal?.aborted) onAbort();
  request.signal?.addEventListener("abort", onAbort, { once: true });
  const end = closing.onClose(() => stop.abort(failure(request, "CLOSED", "this backend is closed")));
  try {
    return await sendUntil(settings, request, signal, use);
  } finally {
    request.signal?.removeEventListener("abort", onAbort);
    end();
  }
}

async function sendUntil<T>(
  settings: Settings,
  request: Request,
  signal: AbortSignal,
  use: (response: Response, progress: () => void) => Promise<T>,
): Promise<T> {
  const { clock, retry, random, base } = settings;
  const attempts = new Attempts(retry, clock, random);
  for (;;) {
    signal.throwIfAborted();
    const limit = new IdleLimit(clock, retry.attemptMs, signal);
    let error: LedgerError;
    let waitMs = 0;
    try {
      limit.restart();
      const work = async (): Promise<T> => {
        const response = await fetched(settings, request, limit.signal);
        limit.restart();
        try {
          const { status, headers } = response;
          if (status !== 408 && status !== 429 && status < 500) return await use(response, () => limit.restart());
          waitMs = retryAfter(headers.get("retry-after"), clock.now());
          const why = `${base.host} answered ${status}: it is busy or has a fault`;
          throw failure(request, "UNAVAILABLE", why, { status, transient: status !== 501 && status !== 505 });
        } catch (cause) {
          await dropBody(response);
          throw cause;
        }
      };
      return await abortable(work(), limit.signal);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof Missing || (LedgerError.is(cause) && !cause.transient)) throw cause;
      error = LedgerError.is(cause) ? cause : noAnswer(request, base.host, cause, limit.passed);
    } finally {
      limit.end();
    }
    if (!(await attempts.again(waitMs, signal))) throw error;
  }
}

async function fetched(settings: Settings, request: Request, signal: AbortSignal): Promise<Response> {
  const { base, fetch } = settings;
  const headers: Record<string, string> = { ...request.headers };
  const init: RequestInit = { method: request.method ?? "GET", headers, signal };
  // Other runtimes may reject these two, and have neither cookies nor a cache.
  if (inBrowser) Object.assign(init, { credentials: "same-origin", ...(request.revalidate && { cache: "no-cache" }) });
  let url = base.urlOf(request.key);
  if (base.authorization === undefined) return await fetch(url, init);
  headers["authorization"] = base.authorization;
  if (inBrowser) return await fetch(url, init);
  // Not every runtime takes the header off when a redirect leads to another origin.
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(url, { ...init, redirect: "manual" });
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
    await dropBody(response);
    if (redirects === MAX_REDIRECTS)
      throw failure(request, "UNEXPECTED_RESPONSE", `${base.host} redirects more than ${MAX_REDIRECTS} times`);
    const next = parsedUrl(location, url);
    // Such as `data:`, which `fetch` would read.
    if (next === undefined || !/^https?:$/.test(next.protocol))
      throw failure(request, "UNEXPECTED_RESPONSE", `${base.host} redirects to something else than a server`);
    if (next.origin !== new URL(url).origin) delete headers["authorization"];
    url = next.href;
  }
}

function parsedUrl(text: string, base: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

function noAnswer(request: Request, host: string, cause: unknown, timedOut: boolean): LedgerError {
  const name = errorName(cause);
  const what = timedOut ? `no answer from ${host} in time` : `no answer from ${host}${name === "" ? "" : ` (${name})`}`;
  const hint = inBrowser ? "; in a browser a missing CORS rule of the server has the same effect" : "";
  return failure(request, "UNAVAILABLE", `${what}; check the network and the URL${hint}`, { transient: true });
}
