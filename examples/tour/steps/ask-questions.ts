import { type Dio, isDioramaError, type Vista } from "vantage-diorama";
import { answerByHand } from "../answer-by-hand.ts";
import { chooseQuestions } from "../choose-questions.ts";
import { TourError } from "../failure.ts";
import { type Answer, describeQuestion, type Entries, type Question } from "../question.ts";
import type { AnswerReport, QuestionsReport } from "../report.ts";
import { sideBySide } from "../stopwatch.ts";
import type { Tour } from "../tour.ts";
import type { TourSource } from "./open-source.ts";
import type { TourCopy } from "./start-copy.ts";

/** Rows that are looked at to find questions. */
const SAMPLE_ROWS = 20_000;

/** Asks what the file itself can't answer: of the copy, and by hand of the file's rows; both must agree. */
export async function askQuestions(source: TourSource, copy: TourCopy, tour: Tour): Promise<QuestionsReport> {
  const { dio, report } = copy;
  const rows = [...(await dio.vista().fetchWindow(0, SAMPLE_ROWS)).rows.values()];
  const { questions, left } = chooseQuestions(dio.schema.columns, source.id, rows, report.rows);
  const exactText = await holdsSurrogates(dio);
  const answers: AnswerReport[] = [];
  for (const question of questions) {
    const what = describeQuestion(question);
    tour.terminal.status(`asking both sides: ${what}`);
    const {
      times,
      file,
      copy: own,
    } = await sideBySide(
      {
        file: async () => answerByHand(await readAll(source.vista, tour.signal), question, exactText),
        copy: () => answerByCopy(dio, question),
      },
      tour.signal,
    );
    expectSame(what, file, own, question.kind === "filter" || question.kind === "search");
    answers.push({ kind: question.kind, what, matches: own.matches, ...times });
  }
  return { refusal: await refusalOf(source.vista, questions[0]), answers, left };
}

async function answerByCopy(dio: Dio, question: Question): Promise<Answer> {
  const vista = narrowed(dio.vista(), question);
  if (question.kind === "filter" || question.kind === "search") {
    const ids = [...(await vista.list()).keys()];
    return { ids, matches: ids.length };
  }
  const number = question.kind === "page" ? question.number : 1;
  const { rows, total = 0 } = await vista.fetchPage(number, question.size);
  return { ids: [...rows.keys()], matches: total };
}

function narrowed(vista: Vista, question: Question): Vista {
  switch (question.kind) {
    case "filter":
      return question.clauses.reduce(
        (narrower, { column, operator, value }) => narrower.where(column, operator, value),
        vista,
      );
    case "search":
      return vista.search(question.text);
    case "order":
    case "page":
      return vista.orderBy(question.column);
  }
}

async function readAll(vista: Vista, signal: AbortSignal): Promise<Entries> {
  const entries: Entries[number][] = [];
  for await (const batch of vista.batches({ signal })) {
    for (const entry of batch) entries.push(entry);
  }
  return entries;
}

/** What the source says when it is asked directly: it refuses, and never answers in part. */
async function refusalOf(vista: Vista, question: Question | undefined): Promise<string> {
  if (question === undefined) return "";
  try {
    await narrowed(vista, question).list();
  } catch (error) {
    if (isDioramaError(error, "unsupported")) return error.message;
    throw error;
  }
  throw new TourError(`${vista.name} claims to have no order, filter or search, and answered one`);
}

function expectSame(what: string, file: Answer, copy: Answer, anyOrder: boolean): void {
  const inOrder = (ids: readonly string[]): readonly string[] => (anyOrder ? ids.toSorted() : ids);
  const fileIds = inOrder(file.ids);
  const copyIds = inOrder(copy.ids);
  if (file.matches === copy.matches && fileIds.every((id, index) => id === copyIds[index])) return;
  throw new TourError(
    `${what}: the file answers ${file.matches} rows, the copy ${copy.matches}, and they are not the same; has the file changed meanwhile?`,
  );
}

async function holdsSurrogates(dio: Dio): Promise<boolean> {
  for (const [id, row] of await dio.cache.list()) {
    for (const cell of [id, ...Object.values(row)]) {
      if (typeof cell === "string" && /[\ud800-\udfff]/.test(cell)) return true;
    }
  }
  return false;
}
