// What commands that send a transaction share: the key file, amounts as people write them, and the way to a running node.
import type { Command } from "commander";
import { findNode } from "../api/index.ts";
import { fromHex, PouwError, toHex } from "../base/index.ts";
import { Transaction, type UnsignedTransaction } from "../codec/index.ts";
import { type AccountView, readWallet, type Wallet } from "../node/index.ts";
import { type Context, type JsonOption, optionsOf } from "./context.ts";
import { type Io, printJson, printLine, say } from "./io.ts";
import { settingsOf } from "./settings-options.ts";
import { formatAmount, parseAmount } from "./views/text.ts";

export const dirOf = (command: Command, context: Context): string => settingsOf(command, context).options.dataDir;

export function needWallet(command: Command, context: Context): Wallet {
  const dataDir = dirOf(command, context);
  const wallet = readWallet(dataDir);
  if (wallet === undefined)
    throw new PouwError("NOT_FOUND", `There is no key file in ${dataDir}.`, {
      remedy: "Make one with `pouw-node wallet new`, or name its directory with --data-dir.",
    });
  if (wallet.warning !== undefined) say(context.io, wallet.warning);
  return wallet;
}

export function amountOf(text: string, what: string): bigint {
  const amount = parseAmount(text);
  if (amount === undefined)
    throw new PouwError("BAD_CONFIG", `The ${what} "${text}" is not an amount.`, {
      remedy: "Write it like 12 or 0.25, with at most six decimals.",
    });
  return amount;
}

/** Adds the fee's option. */
export const withFee = (command: Command): Command =>
  command.option("--fee <amount>", "coins for the miner that takes it in", "0.001");

/** What every transaction of the own account has, whatever its kind. */
type Base = Pick<UnsignedTransaction, "genesis" | "from" | "nonce" | "fee">;

export interface Order {
  /** What is done, as the sentence afterwards begins: "Sent". */
  readonly done: string;
  readonly amount: bigint;
  /** Whose account the amount goes to; undefined where it stays the sender's. */
  readonly to?: Uint8Array;
  readonly make: (base: Base) => UnsignedTransaction;
}

/** What a transfer does beside moving money, as the accounts stand. */
interface Effects {
  /** Burnt of the amount for the receiver's new account. */
  readonly burnt: bigint;
  /** What the sender is left with, where that is too little for its account to stay. */
  readonly lost: bigint | undefined;
}

type Money = Pick<AccountView, "balance" | "stake" | "unbonding" | "immature">;
const hasMore = ({ stake, unbonding, immature }: Money): boolean =>
  [stake, unbonding, immature].some((amount) => BigInt(amount) > 0n);

function effectsOf(from: Money, to: Money, taken: bigint, accountFee: bigint): Effects {
  const rest = BigInt(from.balance) - taken;
  const isNew = BigInt(to.balance) === 0n && !hasMore(to);
  const goes = rest >= 0n && rest < accountFee && !hasMore(from);
  return { burnt: isNew ? accountFee : 0n, lost: goes ? rest : undefined };
}

function sayEffects(io: Io, { burnt, lost }: Effects, amount: bigint, accountFee: bigint): void {
  const fee = formatAmount(accountFee);
  if (burnt > 0n)
    say(io, `The receiver had no account: making one burns ${fee} of it, so ${formatAmount(amount - burnt)} arrive.`);
  if (lost !== undefined)
    say(
      io,
      `Warning: ${formatAmount(lost)} is left, less than the account fee of ${fee}; the account is removed with it.`,
    );
}

/** Signs an order with the key file and hands it to the running node, on its network and with the account's next nonce. */
export async function submit(context: Context, command: Command, order: Order): Promise<undefined> {
  const { done, amount, make, to } = order;
  const { io } = context;
  const options = optionsOf<JsonOption & { fee: string }>(command);
  const fee = amountOf(options.fee, "fee");
  const { keys } = needWallet(command, context);
  const node = findNode(dirOf(command, context));
  const from = keys.address;
  const [status, account] = await Promise.all([node.status(), node.account(toHex(from))]);
  const accountFee = BigInt(status.accountFee);
  const receiver = to === undefined ? undefined : await node.account(toHex(to));
  // What one sends to oneself comes back.
  const taken = receiver?.address === account.address ? fee : amount + fee;
  const effects = receiver === undefined ? undefined : effectsOf(account, receiver, taken, accountFee);
  const genesis = fromHex(status.genesis) as Uint8Array;
  const transaction = Transaction.sign(make({ genesis, from, nonce: BigInt(account.nonce), fee }), keys, genesis);
  const id = await node.submitTransaction(Transaction.codec.encode(transaction));
  if (options.json) printJson(io, { id, nonce: account.nonce, amount, fee, ...effects });
  else printLine(io, id);
  const what = `${done} ${formatAmount(amount)} with a fee of ${formatAmount(fee)}`;
  say(io, `${what}; \`pouw-node chain tx ${id}\` shows its block.`);
  if (effects !== undefined) sayEffects(io, effects, amount, accountFee);
  return undefined;
}
