// Opens Sceneries of every kind, with loads, retries and viewports under way, and then does what it is told to: it
// `closes` the Lens, or `leaves` everything as it is. The process is to end by itself.
import { DioramaError, Lens, memory } from "vantage-diorama";

interface Part {
  readonly id: string;
  readonly rank: number;
}

const [mode = "leaves"] = process.argv.slice(2);
const parts: readonly Part[] = Array.from({ length: 1_000 }, (_, rank) => ({ id: `p${rank}`, rank }));
let calledAfterEnd = 0;
let isOver = false;

const lens = await Lens.builder()
  .totalProvider(async () => parts.length)
  .pageSize(20)
  .refreshEvery("1s")
  .freshFor("1s")
  .viewportDebounce(20)
  .onLoadChunk(async (...[, { start, end }, sink, , { signal }]) => {
    if (isOver) calledAfterEnd += 1;
    if (start === 500) throw new DioramaError("unavailable", "made up");
    if (start === 700) await new Promise((_resolve, reject) => signal.addEventListener("abort", reject));
    for (const part of parts.slice(start, end)) sink.push(part.rank, part.id, { ...part });
  })
  .build();
const dio = await lens.makeDio<Part>(memory<Part>("parts", { id: "id", rows: parts }));
const tables = await Promise.all(
  [0, 500, 700].map(async (start, at) => {
    // Each has loads of its own.
    const table = await dio.tableScenery({ where: ["rank", ">=", -at] }).open();
    table.setViewport(start, start + 10);
    table.subscribe(() => (calledAfterEnd += isOver && table.state.kind !== "error" ? 1 : 0));
    return table;
  }),
);
const record = await dio.recordScenery("p1").open();
await new Promise((resolve) => setTimeout(resolve, 100));
tables[0]?.setViewport(300, 310);
const kinds = tables.map(({ state }) => state.kind).join(" ");
const sum = dio.valueScenery().sum("rank");
isOver = true;
if (mode === "closes") {
  const opening = dio.tableScenery({ orderBy: "id" }).open();
  const [outcome] = await Promise.allSettled([opening, lens.close()]);
  console.log(outcome.status === "rejected" ? (outcome.reason as DioramaError).code : "opened");
} else {
  isOver = false;
}
process.on("exit", () => {
  console.log(calledAfterEnd, kinds, mode === "closes" ? sum.value : record.exists);
});
