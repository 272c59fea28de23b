import { renderLive } from "./render-live.ts";
import {
  renderKept,
  renderQuestions,
  renderReads,
  renderSource,
  renderStart,
  renderUpstream,
  renderWrite,
} from "./render-report.ts";
import type {
  KeptReport,
  QuestionsReport,
  Skipped,
  TourReport,
  UpstreamReport,
  WriteReport,
} from "./report.ts";
import { askQuestions } from "./steps/ask-questions.ts";
import { editUpstream } from "./steps/edit-upstream.ts";
import { showLiveTable } from "./steps/live-table.ts";
import { keepWrite } from "./steps/keep-write.ts";
import { openSource, type TourSource } from "./steps/open-source.ts";
import { openWorkshop } from "./steps/open-workshop.ts";
import { readAgain } from "./steps/read-again.ts";
import { startCopy, type TourCopy } from "./steps/start-copy.ts";
import { writeRow } from "./steps/write-row.ts";
import type { Tour } from "./tour.ts";

const noRows: Skipped = { skipped: "the file has no rows" };

/** Takes the steps in order, showing each one's outcome as soon as it is there. */
export async function takeTour(tour: Tour): Promise<TourReport> {
  const { terminal, options } = tour;
  const startedAt = performance.now();
  terminal.status("looking at the file");
  const source = await openSource(options);
  terminal.print(renderSource(source.report, options, terminal));
  const copy = await startCopy(source, tour);
  try {
    terminal.print(renderStart(copy.report, terminal));
    const reads = copy.report.rows === 0 ? [] : await readAgain(source, copy, tour);
    terminal.print(renderReads(reads, terminal));
    const questions = await ask(source, copy, tour);
    terminal.print(renderQuestions(questions, terminal));
    const { write, kept, upstream } = await change(source, copy, tour);
    const live = await showLiveTable(tour);
    terminal.print(renderLive(live, terminal));
    return {
      tour: "diorama",
      node: process.version,
      source: source.report,
      start: copy.report,
      reads,
      questions,
      write,
      kept,
      upstream,
      live,
      totalMs: performance.now() - startedAt,
    };
  } finally {
    await copy.lens.close();
  }
}

function ask(source: TourSource, copy: TourCopy, tour: Tour): Promise<QuestionsReport> | QuestionsReport {
  if (copy.report.rows > 0) return askQuestions(source, copy, tour);
  return { refusal: "", answers: [], left: [{ kind: "every question", why: noRows.skipped }] };
}

interface Changes {
  readonly write: WriteReport | Skipped;
  readonly kept: KeptReport | Skipped;
  readonly upstream: UpstreamReport | Skipped;
}

/** What the tour changes, it changes in a working copy. */
async function change(source: TourSource, copy: TourCopy, tour: Tour): Promise<Changes> {
  const { terminal } = tour;
  if (copy.report.rows === 0) return { write: noRows, kept: noRows, upstream: noRows };
  const workshop = await openWorkshop(source, copy, tour);
  try {
    const write = await writeRow(source, copy, workshop, tour);
    terminal.print(renderWrite(write, terminal));
    const kept = await keepWrite(source, copy, tour);
    terminal.print(renderKept(kept, terminal));
    const upstream = await editUpstream(source, workshop, tour);
    terminal.print(renderUpstream(upstream, terminal));
    return { write, kept, upstream };
  } finally {
    await workshop.close();
  }
}
