import { abortable, DioramaError } from "../../base/index.ts";

/** As much as is read of a body that only explains a refusal. */
const EXCERPT_BYTES = 16_384;

export interface BodyText {
  readonly text: string;
  readonly bytes: number;
}

/** The chunks of the body; the signal's reason once that fires. What is left unread is given up. */
async function* chunksOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  let isWhole = false;
  try {
    for (;;) {
      const { done, value } = await abortable(reader.read(), signal);
      if (done) break;
      yield value;
    }
    isWhole = true;
  } finally {
    // It may be broken already: then there is nothing to give up.
    if (!isWhole) reader.cancel().catch(() => undefined);
  }
}

/** The whole body as text. `rejected`: longer than `maxBytes`, counted while it comes, or not UTF-8. */
export async function readText(
  response: Response,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<BodyText> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  for await (const chunk of chunksOf(response, signal)) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      const why = `its body is longer than ${maxBytes} bytes; ask for smaller pages, or raise maxBodyBytes`;
      throw new DioramaError("rejected", why);
    }
    text += decode(decoder, chunk);
  }
  return { text: text + decode(decoder, undefined), bytes };
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array | undefined): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new DioramaError("rejected", "its body is not UTF-8");
  }
}

/** The beginning of a body, for messages; what there is of it where it breaks off. */
export async function readExcerpt(response: Response, signal: AbortSignal): Promise<BodyText> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for await (const chunk of chunksOf(response, signal)) {
      bytes += chunk.length;
      text += decoder.decode(chunk, { stream: true });
      if (bytes >= EXCERPT_BYTES) break;
    }
  } catch {
    // The status says what happened; the body would only have explained it.
    signal.throwIfAborted();
  }
  return { text, bytes };
}
