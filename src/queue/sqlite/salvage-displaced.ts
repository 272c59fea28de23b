import { knownOfRecord } from "./op-record.ts";
import type { PageImage, PageImages } from "./salvage-images.ts";
import type { FoundRecord, RecordReader } from "./salvage-records.ts";

/** A page of the file in whose place stands what another one held before the log changed it. */
export interface DisplacedPage {
  /** Whose content it may be. */
  readonly others: readonly number[];
  /** What stands in one of their places and is not its own: the two have changed places. */
  readonly swapped: readonly FoundRecord[];
}

/**
 * Finds pages of the file that were copied or moved into another one's place. The log has nothing of such a page, so
 * no op of it was ever elsewhere since: an op that a frame of another page shows tells whose content it is. It looks
 * sound, and would bring back what was removed.
 */
export function findDisplaced(images: PageImages, reader: RecordReader): Map<number, DisplacedPage> {
  const displaced = new Map<number, DisplacedPage>();
  const shown = opsOfLog(images, reader);
  if (shown.size === 0) return displaced;
  for (const page of images.pages()) {
    const [newest] = images.of(page);
    if (newest === undefined || newest.isInLog || newest.rank > 0) continue;
    const { good, tree } = reader.read(newest);
    // Anything but a whole sound page may be a mixture.
    if (tree?.sound !== true || !tree.isLeaf) continue;
    // More than one where ops have moved on since.
    const others = new Set(good.flatMap((found) => [...(shown.get(nameOf(found)) ?? [])]));
    others.delete(page);
    if (others.size === 0) continue;
    const swapped = [...others].flatMap((other) => foreignIn(other, images, reader, shown));
    displaced.set(page, { others: [...others], swapped });
  }
  return displaced;
}

/** Pages by the ops that a proven frame of theirs shows. */
function opsOfLog(images: PageImages, reader: RecordReader): Map<string, Set<number>> {
  const shown = new Map<string, Set<number>>();
  for (const page of images.pages()) {
    for (const image of images.of(page)) {
      if (!image.isInLog || !image.proven) continue;
      for (const found of reader.read(image).good) {
        const name = nameOf(found);
        const pages = shown.get(name);
        if (pages === undefined) shown.set(name, new Set([page]));
        else pages.add(page);
      }
    }
  }
  return shown;
}

/** The ops in the file's place of a page, where none of them was ever the page's own. */
function foreignIn(
  page: number,
  images: PageImages,
  reader: RecordReader,
  shown: ReadonlyMap<string, ReadonlySet<number>>,
): readonly FoundRecord[] {
  const inFile: PageImage | undefined = images.of(page).at(-1);
  if (inFile === undefined || inFile.isInLog) return [];
  const { good } = reader.read(inFile);
  return good.some((found) => shown.get(nameOf(found))?.has(page) === true) ? [] : good;
}

function nameOf({ bytes }: FoundRecord): string {
  const { queue, sequence } = knownOfRecord(bytes);
  return `${sequence} ${queue}`;
}
