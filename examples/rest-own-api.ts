import { createServer } from "node:http";
import { isDioramaError, Lens } from "vantage-diorama";
import { rest } from "vantage-diorama/sources/rest";

interface Order {
  readonly key: string;
  readonly customer: string;
  readonly amount: number;
}

const orders = new Map<string, Order>(
  ["ann", "bob", "cid", "dan", "eve"].map((customer, index) => [
    `o-${index + 1}`,
    { key: `o-${index + 1}`, customer, amount: index * 10 },
  ]),
);

// An API of its own style: pages by cursor, rows in `data`, one row in `order`.
const server = createServer((request, response) => {
  void (async () => {
    let text = "";
    for await (const part of request) text += String(part);
    const url = new URL(request.url ?? "/", "http://localhost");
    const key = url.pathname.split("/")[2];
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    };
    if (key === undefined) {
      const at = Number(url.searchParams.get("after"));
      const size = Math.min(2, Number(url.searchParams.get("max")));
      const data = [...orders.values()].slice(at, at + size);
      return answer(200, { data, paging: { next: at + size < orders.size ? at + size : null } });
    }
    const held = orders.get(key);
    if (held === undefined) return answer(404, { message: "no such order" });
    if (request.method === "PATCH") orders.set(key, { ...held, ...JSON.parse(text) });
    return answer(200, { order: orders.get(key) });
  })();
});
await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
const address = server.address();
const api = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;

// #region options
const source = rest<Order>(`${api}/orders`, {
  id: "key",
  columns: { key: "text", customer: "text", amount: "number" },
  rows: "data",
  row: "order",
  paging: { kind: "cursor", cursor: "after", next: "paging.next", size: "max" },
  maxPageSize: 2,
  writes: { patch: true },
});

const lens = await Lens.builder().build();
const dio = await lens.makeDio(source);
const large = dio.vista().where("amount", ">", 15).orderBy("amount", "desc");
console.log([...(await large.list()).keys()]);

await dio.vista().patch("o-1", { amount: 99 });
await dio.flush();
console.log([...(await large.list()).keys()], orders.get("o-1"));
// #endregion

// #region error
try {
  await rest(`${api}/orders`, { id: "key" }).list();
} catch (error) {
  if (!isDioramaError(error, "rejected")) throw error;
  console.log(error.message.replace(api, "https://api.example"));
}
// #endregion

await dio.close();
server.close();
