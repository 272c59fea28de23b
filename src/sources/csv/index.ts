export { csv, CsvVista } from "./csv.ts";
export type { CsvEncoding, CsvOptions, CsvProgress, CsvReadReport, CsvSkippedRow } from "./csv-options.ts";
export { CsvSource } from "./csv-source.ts";
