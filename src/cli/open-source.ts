import { createActivity, isDioramaError, type ActivitySignal } from "../base/index.ts";
import { createNoCache } from "../cache/index.ts";
import type { Dio } from "../dio/index.ts";
import { Lens } from "../lens/index.ts";
import type { Vista } from "../vista/index.ts";
import type { SourceIdentity } from "./cache-folders.ts";
import { CopyFolder } from "./copy-folder.ts";
import { CopyFreshness, USUAL_FRESH_FOR_MS, type WantedCopy } from "./copy-freshness.ts";
import type { Frame } from "./frame.ts";
import type { OpenedLive } from "./open-live.ts";
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
  /** Where what has been read came from, for people. */
  origin(): string;
}

export interface OpenWishes {
  readonly copy: WantedCopy;
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
  const behind = await plan.open();
  const isLive = identity.kind === "live";
  const wanted = wantedOf(wishes, isLive || behind.source.get !== undefined);
  const isWriting = wishes.isWriting === true;
  const folder = new CopyFolder(frame, identity, { cache: options.cache, isNeeded: isWriting });
  const live = isLive ? await openPagesOf(frame, behind, { options, folder, wanted }) : undefined;
  const master = live?.vista ?? behind;
  const activity = createActivity(wanted === "as-it-is" && !isWriting ? "offline" : "active");
  // A LiveTable's pages are the copy: a second one of whole rows would only hide them.
  const keepsNothing = live !== undefined && wanted !== "whole" && !isWriting;
  const lens = keepsNothing
    ? await Lens.builder().cacheSource(createNoCache()).activity(activity).build()
    : await openLens(live === undefined || isWriting ? folder : undefined, activity);
  frame.defer(() => lens.close());
  const dio = await openCopy(frame, { lens, master, identity, wanted }, options, wishes);
  const from = dio.cache.complete ? "the copy" : "the source";
  if (!dio.cache.complete) frame.progress(`reading ${identity.location}`);
  return { dio, master, identity, folder: folder.path, origin: () => live?.origin() ?? from };
}

interface CopyParts {
  readonly lens: Lens;
  readonly master: Vista;
  readonly identity: SourceIdentity;
  readonly wanted: WantedCopy;
}

/** The Dio over the source, brought to where the command wants it. */
async function openCopy(
  frame: Frame,
  { lens, master, identity, wanted }: CopyParts,
  { freshFor }: SourceOptions,
  wishes: OpenWishes,
): Promise<Dio> {
  const copy = new CopyFreshness(frame, identity, freshFor, wanted);
  const refreshEvery = wishes.refreshEvery?.(master);
  const dio = await lens.makeDio(master, {
    onStart: (own, call) => copy.fill(own, call),
    ...(refreshEvery === undefined ? {} : { refreshEvery }),
  });
  dio.on("cacheFailed", ({ error }) => frame.note(`the copy: ${safeText(error.message)}`));
  dio.on("queueFailed", ({ error }) => frame.note(`the queue: ${safeText(error.message)}`));
  await copy.renew(dio);
  return dio;
}

/** Where one row can't be asked for, finding it reads all of them: they may as well be kept. */
function wantedOf({ copy }: OpenWishes, canGetOne: boolean): WantedCopy {
  if (copy !== "for-one-row") return copy;
  return canGetOne ? "fresh" : "whole";
}

interface LiveWishes {
  readonly options: SourceOptions;
  readonly folder: CopyFolder;
  readonly wanted: WantedCopy;
}

async function openPagesOf(
  frame: Frame,
  behind: Vista,
  { options, folder, wanted }: LiveWishes,
): Promise<OpenedLive> {
  const { openLive } = await import("./open-live.ts");
  return openLive(frame, behind, folder, {
    // Who keeps all rows anyway, and reads them again by time, wants no old pages.
    freshForMs: wanted === "whole" ? 0 : (options.freshFor ?? USUAL_FRESH_FOR_MS),
    isRefreshed: wanted === "refreshed",
  });
}

/** In the folder, or in memory where there is none or it can't be used. */
async function openLens(folder: CopyFolder | undefined, activity: ActivitySignal): Promise<Lens> {
  if (folder?.path !== undefined) {
    try {
      return await Lens.builder().cacheAt(folder.path).activity(activity).build();
    } catch (error) {
      if (!isDioramaError(error)) throw error;
      folder.doWithout(error);
    }
  }
  return Lens.builder().activity(activity).build();
}
