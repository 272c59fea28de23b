import { DioramaError, type ErrorPlace } from "../../base/index.ts";
import { shownUrl } from "./redact.ts";

/** The request that an answer is to, and whose vista asked. */
export interface Asked {
  readonly vista: string;
  readonly method: string;
  readonly url: URL;
}

/** `rejected`: what the API answered can't be right, and asking again would not mend it. */
export function badAnswer(asked: Asked, what: string, place: ErrorPlace = {}): DioramaError {
  const message = `${asked.vista}, ${asked.method} ${shownUrl(asked.url)}: ${what}`;
  return new DioramaError("rejected", message, { place: { vista: asked.vista, ...place } });
}
