import { AsyncLocalStorage } from "node:async_hooks";
import { tracingChannel } from "node:diagnostics_channel";
import { ROOT_CONTEXT, type Span, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { DioramaError, Lens, memory, seedFromMaster } from "vantage-diorama";
import type { TracedCall, TracedRun, TracedWrite } from "vantage-diorama";

const exporter = new InMemorySpanExporter(); // yours sends them somewhere
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

// #region spans
const tracer = provider.getTracer("diorama");
const current = new AsyncLocalStorage<Span>();

function toSpans<M extends object>(name: string, describe: (work: M) => Record<string, string | number>) {
  const spans = new WeakMap<object, Span>();
  const channel = tracingChannel<Span, M>(name);
  // Whatever the work does runs inside its span.
  channel.start.bindStore(current, (work) => {
    const parent = current.getStore();
    const span = tracer.startSpan(name, {}, parent && trace.setSpan(ROOT_CONTEXT, parent));
    spans.set(work, span);
    return span;
  });
  channel.error.subscribe((work) => spans.get(work as M)?.setStatus({ code: SpanStatusCode.ERROR }));
  channel.asyncEnd.subscribe((work) =>
    spans
      .get(work as M)
      ?.setAttributes(describe(work as M))
      .end(),
  );
}

toSpans<TracedRun>("diorama.run", ({ dio, kind }) => ({ dio, kind }));
toSpans<TracedCall>("diorama.call", ({ operation, rows }) =>
  rows === undefined ? { operation } : { operation, rows },
);
toSpans<TracedWrite>("diorama.write", ({ dio, ops }) => ({ dio, attempt: ops[0]?.attempt ?? 0 }));
// #endregion

const products = memory("products", {
  id: "sku",
  rows: [
    { sku: "c1", name: "Coffee", price: 7 },
    { sku: "t1", name: "Green tea", price: 4 },
  ],
});
let isDown = true;
const lens = await Lens.builder()
  .onStart(seedFromMaster)
  .onWrite(async (dio, op) => {
    if (isDown) {
      isDown = false;
      throw new DioramaError("unavailable", "the shop is down");
    }
    if (op.kind !== "patch") throw new DioramaError("rejected", `the shop takes no ${op.kind}`);
    return { row: await dio.master.patch(op.id, op.partial, { opId: op.opId }) };
  })
  .build();
const dio = await lens.makeDio(products);
await dio.vista().patch("c1", { price: 8 });
await dio.flush();
await lens.close();

const finished = exporter.getFinishedSpans();
const show = (parentId: string | undefined, indent: string): void => {
  for (const span of finished.filter(({ parentSpanContext }) => parentSpanContext?.spanId === parentId)) {
    const status = span.status.code === SpanStatusCode.ERROR ? " failed" : "";
    console.log(`${indent}${span.name}${status}`, JSON.stringify(span.attributes));
    show(span.spanContext().spanId, `${indent}  `);
  }
};
show(undefined, "");
