import { createServer } from "node:http";
import { isDioramaError } from "vantage-diorama";
import { rest } from "vantage-diorama/sources/rest";

const rows = [
  { id: 1, name: "Tart", stock: 9_007_199_254_740_993n },
  { id: 2, name: "Bun", stock: 12n },
];
/** As JSON; the stock of tarts is beyond 2^53. */
const text = `[${rows.map(({ id, name, stock }) => `{"id":${id},"name":"${name}","stock":${stock}}`).join()}]`;
let token = "token-1";
let isBusy = false;
const log: string[] = [];

// An API that wants a token, asks for a pause now and then, and says when nothing has changed.
const server = createServer((request, response) => {
  const answer = (status: number, body = "", headers: Readonly<Record<string, string>> = {}): void => {
    log.push(`${request.method} ${request.url}: ${status}`);
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(body);
  };
  const { authorization, "if-none-match": known } = request.headers;
  if (authorization !== `Bearer ${token}`) answer(401);
  else if (isBusy) {
    isBusy = false;
    answer(429, "", { "Retry-After": "1" });
  } else if (request.url !== "/products") answer(403, `{"message":"${token} may not see this"}`);
  else if (known === '"v1"') answer(304, "", { ETag: '"v1"' });
  else answer(200, text, { ETag: '"v1"' });
});
await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
const address = server.address();
const api = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
const logIn = (): Promise<string> => Promise.resolve(token);

// #region options
const products = rest(`${api}/products`, {
  auth: async ({ isRetry }) => {
    console.log(isRetry ? "logging in again" : "logging in");
    return { Authorization: `Bearer ${await logIn()}` };
  },
  timeout: "10s",
  concurrency: 4,
  rateLimit: { requests: 50, per: "1s" },
  retries: 3,
});
// #endregion

// #region reads
for (const [id, row] of await products.list()) console.log(id, row);
token = "token-2"; // The old one has run out.
isBusy = true;
await products.list();
await products.list();
// #endregion
console.log(log);

// #region errors
try {
  await rest(`${api}/secrets?key=k1`, {
    name: "secrets",
    auth: async () => ({ Authorization: `Bearer ${token}` }),
  }).list();
} catch (error) {
  if (!isDioramaError(error, "rejected")) throw error;
  console.log(error.message.replace(api, "http://…"));
}
// #endregion
server.close();
