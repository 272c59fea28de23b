import { createServer } from "node:http";
import { jsonServer, rest } from "vantage-diorama/sources/rest";

const rows = [
  { id: 1, title: "Tart", price: 3.5, category: "cake", since: "2026-01-10" },
  { id: 2, title: "Bread", price: 4, category: "bread", since: "2026-02-01" },
  { id: 3, title: "Éclair", price: 3.5, category: "cake", since: null },
];

// As much of JSON Server as this page needs.
const server = createServer((request, response) => {
  const { searchParams, pathname } = new URL(request.url ?? "/", "http://localhost");
  const category = searchParams.get("category");
  const found = rows.filter((row) => category === null || row.category === category);
  if (searchParams.has("_sort")) found.sort((a, b) => a.price - b.price);
  const start = Number(searchParams.get("_start"));
  const page = found.slice(start, start + Number(searchParams.get("_limit")));
  const one = rows.find(({ id }) => pathname === `/products/${id}`);
  response.writeHead(200, { "Content-Type": "application/json", "X-Total-Count": String(found.length) });
  response.end(JSON.stringify(pathname === "/products" ? page : one));
});
await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
const address = server.address();
const api = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;

// #region read
const products = rest(`${api}/products`, {
  ...jsonServer(),
  columns: { title: "text", price: "number", category: "text", since: "date" },
});

const cakes = products.where("category", "cake").orderBy("price");
console.log(await cakes.count(), "cakes");
for await (const [id, cake] of cakes) console.log(id, cake["title"], cake["price"]);
console.log(await products.get("2"));
// #endregion

// #region explain
const shown = (vista: { explain(): string }): string => vista.explain().replace(api, "https://api.example");
console.log(shown(cakes));
console.log(shown(products.where("title", "contains", "Ta").where("category", "cake")));
// #endregion

server.close();
