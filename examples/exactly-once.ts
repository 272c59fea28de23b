import { fork } from "node:child_process";
import { once } from "node:events";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { Lens, memory, type WriteOp } from "vantage-diorama";

interface Payment {
  readonly id: string;
  readonly account: string;
  readonly amount: number;
  readonly balance?: number;
}

// #region sink
/** The destination: an account, and which ops it has seen with what they were answered. */
const bank = new DatabaseSync("bank.db");
bank.exec(`
  CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, balance INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS seen_ops (op_id TEXT PRIMARY KEY, answer TEXT NOT NULL);
  INSERT OR IGNORE INTO accounts VALUES ('ana', 100);
`);

/** One transaction: the effect and the note of it are both there, or neither is. */
function pay(opId: string, payment: Payment): { answer: Payment; isRepeated: boolean } {
  bank.exec("BEGIN IMMEDIATE");
  try {
    const seen = bank.prepare("SELECT answer FROM seen_ops WHERE op_id = ?").get(opId);
    let answer: Payment;
    if (seen === undefined) {
      const changed = bank
        .prepare("UPDATE accounts SET balance = balance - ? WHERE name = ? RETURNING balance")
        .get(payment.amount, payment.account);
      answer = { ...payment, balance: Number(changed?.["balance"]) };
      bank.prepare("INSERT INTO seen_ops VALUES (?, ?)").run(opId, JSON.stringify(answer));
    } else {
      answer = JSON.parse(String(seen["answer"])) as Payment;
    }
    bank.exec("COMMIT");
    return { answer, isRepeated: seen !== undefined };
  } catch (error) {
    bank.exec("ROLLBACK");
    throw error;
  }
}
// #endregion

const isFirstLife = process.argv[2] === "first life";

function send(op: WriteOp<Payment>): { row: Payment } {
  if (op.kind !== "insert") throw new Error(`a payment is never changed: ${op.kind}`);
  const { answer, isRepeated } = pay(op.opId, op.row);
  console.log(isRepeated ? "stored before, answered again" : "stored");
  // The worst moment: the money has moved, and nobody was told.
  if (isFirstLife) process.kill(process.pid, "SIGKILL");
  return { row: answer };
}

if (!isFirstLife) {
  const [, signal] = await once(fork(fileURLToPath(import.meta.url), ["first life"]), "exit");
  console.log("the first life ended by", signal);
}

// #region lens
const lens = await Lens.builder().cacheAt("./cache").build(); // the queue is kept beside the cache
const columns = { id: "text", account: "text", amount: "integer", balance: "integer" } as const;
const source = memory<Payment>("payments", { id: "id", columns, rows: [] });
const payments = await lens.makeDio(source, { onWrite: async (_dio, op) => send(op) });

if (isFirstLife) await payments.vista().insert("p1", { id: "p1", account: "ana", amount: 30 });
await payments.flush(); // what was queued by then has arrived
console.log("in the copy:", (await payments.vista().get("p1"))?.balance);
// #endregion
await lens.close();

const { balance } = bank.prepare("SELECT balance FROM accounts WHERE name = 'ana'").get() ?? {};
console.log("in the bank:", balance);
bank.close();
