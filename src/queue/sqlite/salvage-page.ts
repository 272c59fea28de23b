/** A B-tree page of SQLite (https://www.sqlite.org/fileformat2.html#b_tree_pages), as far as a salvage needs it. */
export interface TreePage {
  /** Every byte is accounted for: no cell lies on another, and none is missing. */
  readonly sound: boolean;
  readonly isLeaf: boolean;
  /** Of a table's leaf. */
  readonly cells: readonly LeafCell[];
}

export interface LeafCell {
  readonly start: number;
  readonly end: number;
  /** The row's number. */
  readonly key: bigint;
  /** Where the content of an op's record begins; undefined in a table that holds none. */
  readonly recordStart: number | undefined;
}

const LEAF_TABLE = 0x0d;
const LEAF_INDEX = 0x0a;
const INTERIOR_TABLE = 0x05;
const INTERIOR_INDEX = 0x02;
const TREE_KINDS: ReadonlySet<number> = new Set([LEAF_TABLE, LEAF_INDEX, INTERIOR_TABLE, INTERIOR_INDEX]);
/** In front of the first page's tree: the file's head. */
const FILE_HEAD_BYTES = 100;

/** How much of a table row's payload stands in its leaf; the rest is in a chain of pages of their own. */
export function localBytes(payloadBytes: number, pageBytes: number): number {
  const most = pageBytes - 35;
  if (payloadBytes <= most) return payloadBytes;
  const least = Math.floor(((pageBytes - 12) * 32) / 255) - 23;
  const local = least + ((payloadBytes - least) % (pageBytes - 4));
  return local <= most ? local : least;
}

/** The page, or undefined where these bytes are none of a tree. */
export function readTreePage(bytes: Buffer, isFirst: boolean): TreePage | undefined {
  const head = isFirst ? FILE_HEAD_BYTES : 0;
  if (bytes.length < 512) return undefined;
  const kind = bytes[head] ?? 0;
  if (!TREE_KINDS.has(kind)) return undefined;
  const isLeaf = kind === LEAF_TABLE || kind === LEAF_INDEX;
  const headBytes = isLeaf ? 8 : 12;
  const cellCount = bytes.readUInt16BE(head + 3);
  const pointers = head + headBytes;
  const pointersEnd = pointers + cellCount * 2;
  if (pointersEnd > bytes.length) return undefined;
  const cells: LeafCell[] = [];
  const used: [number, number][] = [];
  let sound = true;
  for (let index = 0; index < cellCount; index++) {
    const start = bytes.readUInt16BE(pointers + index * 2);
    const end = start < pointersEnd ? undefined : cellEnd(bytes, start, kind);
    if (end === undefined) {
      sound = false;
      continue;
    }
    used.push([start, end]);
    if (kind === LEAF_TABLE) cells.push(readLeafCell(bytes, start, end));
  }
  return { sound: sound && isAccountedFor(bytes, head, pointersEnd, used), isLeaf, cells };
}

/** Where the cell ends; undefined where it reaches beyond the page. */
function cellEnd(bytes: Buffer, start: number, kind: number): number | undefined {
  if (kind === INTERIOR_TABLE) return within(bytes, readVarint(bytes, start + 4).end);
  // Ours have no index: what looks like one is damaged, and its cells are not told apart.
  if (kind !== LEAF_TABLE) return undefined;
  const payload = readVarint(bytes, start);
  const key = readVarint(bytes, payload.end);
  const payloadBytes = Number(payload.value);
  const local = localBytes(payloadBytes, bytes.length);
  const end = key.end + local + (local < payloadBytes ? 4 : 0);
  return within(bytes, Math.max(end, start + 4));
}

const within = (bytes: Buffer, end: number): number | undefined => (end <= bytes.length ? end : undefined);

/** Two columns, the key's own place empty and then a blob: a row of ops. */
function readLeafCell(bytes: Buffer, start: number, end: number): LeafCell {
  const payload = readVarint(bytes, start);
  const key = readVarint(bytes, payload.end);
  const headStart = key.end;
  const type = readVarint(bytes, headStart + 2);
  const isOps = bytes[headStart + 1] === 0 && type.value >= 12n && type.value % 2n === 0n;
  const fits = isOps && bytes[headStart] === type.end - headStart && type.end < bytes.length;
  return { start, end, key: BigInt.asIntN(64, key.value), recordStart: fits ? type.end : undefined };
}

/** Whether cells, free blocks and fragments fill the page exactly, behind the pointers and the gap. */
function isAccountedFor(
  bytes: Buffer,
  head: number,
  pointersEnd: number,
  used: readonly (readonly [number, number])[],
): boolean {
  const spans: (readonly [number, number])[] = [...used];
  for (let block = bytes.readUInt16BE(head + 1); block !== 0;) {
    if (block < pointersEnd || block + 4 > bytes.length || spans.length > bytes.length) return false;
    const size = bytes.readUInt16BE(block + 2);
    spans.push([block, block + size]);
    const next = bytes.readUInt16BE(block);
    if (size < 4 || (next !== 0 && next <= block)) return false;
    block = next;
  }
  const contentStart = bytes.readUInt16BE(head + 5) || 65_536;
  let position = contentStart;
  let fragments = 0;
  for (const [start, end] of spans.sort((a, b) => a[0] - b[0])) {
    if (start < position) return false;
    fragments += start - position;
    position = end;
  }
  return contentStart >= pointersEnd && fragments + (bytes.length - position) === (bytes[head + 7] ?? 0);
}

/** SQLite's numbers: seven bits a byte, the ninth byte whole. Beyond the bytes there are zeros. */
function readVarint(bytes: Buffer, at: number): { readonly value: bigint; readonly end: number } {
  let small = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[at + index] ?? 0;
    small = small * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value: BigInt(small), end: at + index + 1 };
  }
  let value = BigInt(small);
  for (let index = 4; index < 8; index++) {
    const byte = bytes[at + index] ?? 0;
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) return { value, end: at + index + 1 };
  }
  return { value: (value << 8n) | BigInt(bytes[at + 8] ?? 0), end: at + 9 };
}

/** How many bytes the head of a row takes that holds a record of so many: its own size, the key's place, the blob. */
export function rowHeadBytes(recordBytes: number): number {
  let type = recordBytes * 2 + 12;
  let bytes = 3;
  while (type >= 128) {
    type = Math.floor(type / 128);
    bytes++;
  }
  return bytes;
}
