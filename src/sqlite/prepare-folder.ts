import { realpathSync, statfsSync } from "node:fs";
import { resolve } from "node:path";
import { DioramaError, messageOf } from "../base/index.ts";
import { makeFolder } from "./make-folder.ts";

const FOLDER_MODE = 0o700;

/** File systems over a network, by the type that Linux gives them: locks there can't be relied on. */
const NETWORK_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff53_4d42, "CIFS"],
  [0xfe53_4d42, "SMB2"],
  [0x564c, "NCP"],
  [0x5346_414f, "AFS"],
  [0x6b41_4653, "AFS"],
  [0x7375_7245, "Coda"],
  [0x00c3_6400, "Ceph"],
  [0x0bd0_0bd0, "Lustre"],
  [0x4750_4653, "GPFS"],
]);

/** Makes the folder where it is missing (0700) and answers its one real path. */
export function prepareFolder(folder: string): string {
  const asked = resolve(folder);
  let real: string;
  try {
    makeFolder(asked, FOLDER_MODE);
    real = realpathSync(asked);
  } catch (error) {
    throw new DioramaError(
      "invalid",
      `the cache folder ${asked} can't be made (${messageOf(error)}); name a folder that this process may write`,
      { cause: error, place: { file: asked } },
    );
  }
  const network = process.platform === "linux" ? networkFileSystem(statfsSync(real).type) : undefined;
  if (network === undefined) return real;
  throw new DioramaError(
    "unsupported",
    `the cache folder ${real} is on a network file system (${network}), where locks can't be relied on; name a folder on a local disk`,
    { place: { file: real } },
  );
}

/** The name of the network file system that has this type (of `statfs`, on Linux); undefined for a local one. */
export function networkFileSystem(type: number): string | undefined {
  // Some C libraries give the type with a sign.
  return NETWORK_TYPES.get(type >>> 0);
}
