import { afterEach } from "vitest";
import { DioramaError, isDioramaError } from "../../src/base/index.ts";
import { toHttpSettings } from "../../src/sources/rest/check-http-options.ts";
import { createHttpClient } from "../../src/sources/rest/fetch-client.ts";
import type { HttpClient } from "../../src/sources/rest/http-client.ts";
import type { HttpClientOptions } from "../../src/sources/rest/http-options.ts";
import { openApiServer, type ApiServer, type ApiServerOptions } from "./api-server.ts";

const open: ApiServer[] = [];

/** A server that is closed after the test. */
export async function startServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const server = await openApiServer(options);
  open.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** A client, from options that are right. */
export function openClient(base: URL, options: HttpClientOptions = {}): HttpClient {
  const problems: string[] = [];
  const settings = toHttpSettings(options, problems);
  if (problems.length > 0) throw new DioramaError("invalid", problems.join("; "));
  return createHttpClient(base, settings);
}

/** The DioramaError that a call ends with. */
export async function errorOf(call: Promise<unknown>): Promise<DioramaError> {
  try {
    await call;
  } catch (error) {
    if (isDioramaError(error)) return error;
    throw error;
  }
  throw new Error("the call was to fail");
}
