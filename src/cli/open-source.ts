import { createActivity, isDioramaError, type ActivitySignal, type DioramaError } from "../base/index.ts";
import type { Dio } from "../dio/index.ts";
import { Lens } from "../lens/index.ts";
import type { Vista } from "../vista/index.ts";
import { cacheRootOf, openCacheFolder, type SourceIdentity } from "./cache-folders.ts";
import { CopyFreshness, type WantedCopy } from "./copy-freshness.ts";
import type { Frame } from "./frame.ts";
import { planMaster } from "./open-master.ts";
import { safeText } from "./safe-text.ts";
import { toLocation } from "./source-location.ts";
import type { SourceOptions } from "./source-options.ts";

export interface OpenedSource {
  readonly dio: Dio;
  readonly master: Vista;
  readonly identity: SourceIdentity;
  /** Where the copy is kept; `undefined`: in memory. */
  readonly folder: string | undefined;
}

export interface OpenWishes {
  /** What is wanted of the copy, which may depend on what the source can do. */
  readonly copy: WantedCopy | ((master: Vista) => WantedCopy);
  /** How often the source is read again, in milliseconds; `undefined`: only when asked. */
  readonly refreshEvery?: (master: Vista) => number | undefined;
  /** Writes are kept in the folder: where it can't be used, that is an error. */
  readonly isWriting?: boolean;
}

/** Opens the source and its copy; both are closed with the command. */
export async function openSource(
  frame: Frame,
  source: string,
  options: SourceOptions,
  wishes: OpenWishes,
): Promise<OpenedSource> {
  const plan = planMaster(frame, toLocation(source, frame.terminal.folder), options);
  const { identity } = plan;
  const master = await plan.open();
  const wanted = typeof wishes.copy === "function" ? wishes.copy(master) : wishes.copy;
  const activity = createActivity(wanted === "as-it-is" ? "offline" : "active");
  const { lens, folder } = await openLens(frame, identity, { ...options, ...wishes, activity });
  frame.defer(() => lens.close());
  const copy = new CopyFreshness(frame, identity, options.freshFor, wanted);
  const refreshEvery = wishes.refreshEvery?.(master);
  const dio = await lens.makeDio(master, {
    onStart: (own, call) => copy.fill(own, call),
    ...(refreshEvery === undefined ? {} : { refreshEvery }),
  });
  dio.on("cacheFailed", ({ error }) => frame.note(`the copy: ${safeText(error.message)}`));
  dio.on("queueFailed", ({ error }) => frame.note(`the queue: ${safeText(error.message)}`));
  await copy.renew(dio);
  return { dio, master, identity, folder };
}

interface LensWishes extends Pick<SourceOptions, "cache">, Pick<OpenWishes, "isWriting"> {
  readonly activity: ActivitySignal;
}

interface OpenedLens {
  readonly lens: Lens;
  readonly folder: string | undefined;
}

async function openLens(
  frame: Frame,
  identity: SourceIdentity,
  { cache, activity, isWriting = false }: LensWishes,
): Promise<OpenedLens> {
  const root = cacheRootOf(frame, cache);
  if (root !== undefined) {
    try {
      const folder = openCacheFolder(root, identity, frame.clock.now()).path;
      return { lens: await Lens.builder().cacheAt(folder).activity(activity).build(), folder };
    } catch (error) {
      const isNamed = cache !== undefined || (frame.terminal.env["DIORAMA_CACHE"] ?? "") !== "";
      if (isWriting || !isDioramaError(error)) throw error;
      if (error.code !== "inUse" && (isNamed || !canDoWithout(error))) throw error;
      frame.note(`kept in memory for this time: ${safeText(error.message)}`);
    }
  }
  return { lens: await Lens.builder().activity(activity).build(), folder: undefined };
}

/** A folder that can't be made, locked or written, or is on a network. */
const canDoWithout = ({ code }: DioramaError): boolean =>
  code === "invalid" || code === "unsupported" || code === "full" || code === "unavailable";
