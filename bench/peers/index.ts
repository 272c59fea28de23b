import { nodeSqlite } from "./node-sqlite.ts";
import type { Peer } from "./peer.ts";
import { rxdb } from "./rxdb.ts";
import { signaldb } from "./signaldb.ts";
import { tanstackDb } from "./tanstack-db.ts";
import { tinybase } from "./tinybase.ts";
import { zero } from "./zero.ts";

/** In the order in which the table shows them. */
export const peers: readonly Peer[] = [zero, tanstackDb, tinybase, nodeSqlite, rxdb, signaldb];
