// oxlint-disable max-params -- a callback is handed five things
import { createCapabilities, Lens, memory } from "vantage-diorama";

const songs = memory("songs", {
  id: "id",
  columns: { id: "text", title: "text" },
  rows: Array.from({ length: 1_000 }, (_, n) => ({ id: `s${n}`, title: `Song ${n}` })),
  capabilities: createCapabilities({ canFetchWindow: true, canCount: true }),
});

// #region paged
const lens = await Lens.builder()
  .totalProvider((dio) => dio.master.count())
  .onLoadChunk(async (dio, range, sink, _query, { signal }) => {
    console.log("asked for", range.start, "to", range.end);
    const page = await dio.master.fetchWindow(range.start, range.end - range.start, { signal });
    let index = range.start;
    for (const [id, row] of page.rows) sink.push(index++, id, row);
  })
  .build();
const dio = await lens.makeDio(songs);
const list = await dio.tableScenery().open();
console.log(list.rowCount, list.total.kind, list.row(0)?.row.title, list.row(500)?.row.title);

list.setViewport(547, 567); // where a user has scrolled to
await new Promise<void>((resolve) => {
  const stop = list.subscribe(() => {
    if (list.row(566) === undefined) return;
    stop();
    resolve();
  });
});
console.log(list.row(547)?.row.title, list.state.kind);
list.close();
// #endregion
await lens.close();
