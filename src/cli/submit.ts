// What commands that send a transaction share: the key file, amounts, the last question, and the way to a running node.
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { coins, formatAddress, formatCoins, fromHex, PouwError, parseAddress } from "../base/index.ts";
import { Transaction, type UnsignedTransaction } from "../codec/index.ts";
import { type AccountView, readWallet, type Wallet } from "../node/index.ts";
import { type Context, type JsonOption, optionsOf } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { type Io, printJson, printLine, say, viewOf } from "./io.ts";
import { hint, nodeOf } from "./place.ts";
import { settingsOf } from "./settings-options.ts";
import { wrap } from "./views/text.ts";

export const dirOf = (command: Command, context: Context): string => settingsOf(command, context).options.dataDir;

export function needWallet(command: Command, context: Context): Wallet {
  const dataDir = dirOf(command, context);
  const wallet = readWallet(dataDir);
  if (wallet === undefined)
    throw new PouwError("NOT_FOUND", `There is no key file in ${dataDir}.`, {
      remedy: `Make one with ${hint(command, "wallet new")}, or name its directory with --data-dir.`,
    });
  if (wallet.warning !== undefined) say(context.io, wallet.warning);
  return wallet;
}

/** Adds the fee's option. */
export const withFee = (command: Command): Command =>
  command.option("--fee <coins>", "for the miner that takes it in", "0.001");

/** What every transaction of the own account has, whatever its kind. */
type Base = Pick<UnsignedTransaction, "genesis" | "from" | "nonce" | "fee">;

export interface Order {
  /** What is done, as the sentence afterwards begins: "Sent". */
  readonly done: string;
  readonly amount: bigint;
  /** Whose account the amount goes to, as typed; undefined where it stays the sender's. */
  readonly to?: string;
  /** `to`: the receiver's address; where there is none the sender's. */
  readonly make: (base: Base, to: Uint8Array) => UnsignedTransaction;
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
  [stake, unbonding, immature].some((amount) => coins(amount) > 0n);

function effectsOf(from: Money, to: Money, taken: bigint, accountFee: bigint): Effects {
  const rest = coins(from.balance) - taken;
  const isNew = coins(to.balance) === 0n && !hasMore(to);
  const goes = rest >= 0n && rest < accountFee && !hasMore(from);
  return { burnt: isNew ? accountFee : 0n, lost: goes ? rest : undefined };
}

function sayEffects(io: Io, { burnt, lost }: Effects, amount: bigint, accountFee: bigint): void {
  const fee = formatCoins(accountFee);
  if (burnt > 0n)
    say(io, `The receiver has no account: making one burns ${fee} of it, so ${formatCoins(amount - burnt)} arrive.`);
  if (lost !== undefined)
    say(
      io,
      `Warning: ${formatCoins(lost)} is left, less than the account fee of ${fee}; the account is removed with it.`,
    );
}

/** Whether a person says yes to `question`. Throws BAD_CONFIG, with what to type instead, where nobody can be asked. */
async function confirmed(io: Io, question: string, instead: string): Promise<boolean> {
  if (io.stdin.isTTY !== true)
    throw new PouwError("BAD_CONFIG", "Money leaves only when somebody says yes, and there is no terminal to ask at.", {
      remedy: `Run it again with --yes: ${instead}`,
    });
  io.stderr.write(`${wrap(`${question} [y/N]`, viewOf(io.stderr, io.env).columns).join("\n")} `);
  const lines = createInterface({ input: io.stdin });
  try {
    for await (const line of lines) return /^y(es)?$/i.test(line.trim());
    return false;
  } finally {
    lines.close();
  }
}

/** Signs an order with the key file and hands it to the running node, on its network and with the account's next nonce. */
export async function submit(context: Context, command: Command, order: Order): Promise<ExitCode | undefined> {
  const { done, amount, make } = order;
  const { io } = context;
  const { json, yes, ...options } = optionsOf<JsonOption & { readonly fee: string; readonly yes?: true }>(command);
  const fee = coins(options.fee);
  if (order.to !== undefined) parseAddress(order.to);
  const { keys } = needWallet(command, context);
  const node = nodeOf(command, context);
  const status = await node.status();
  const { network } = status;
  const to = order.to === undefined ? keys.address : parseAddress(order.to, network);
  const [account, receiver] = await Promise.all(
    [keys.address, to].map((address) => node.account(formatAddress(address, network))),
  );
  const accountFee = coins(status.accountFee);
  const what = `${formatCoins(amount)} with a fee of ${formatCoins(fee)}`;
  let effects: Effects | undefined;
  if (order.to !== undefined && account !== undefined && receiver !== undefined) {
    // What one sends to oneself comes back.
    const taken = receiver.address === account.address ? fee : amount + fee;
    effects = effectsOf(account, receiver, taken, accountFee);
    sayEffects(io, effects, amount, accountFee);
    const typed = `wallet send ${receiver.address} ${formatCoins(amount)} --fee ${formatCoins(fee)} --yes`;
    if (yes !== true && !(await confirmed(io, `Send ${what} to ${receiver.address}?`, hint(command, typed)))) {
      say(io, "Nothing was sent.");
      return EXIT.interrupted;
    }
  }
  const genesis = fromHex(status.genesis) as Uint8Array;
  const nonce = BigInt(account?.nonce ?? 0);
  const unsigned = make({ genesis, from: keys.address, nonce, fee }, to);
  const id = await node.submitTransaction(Transaction.codec.encode(Transaction.sign(unsigned, keys, genesis)));
  const { burnt, lost } = effects ?? {};
  const texts = { amount, fee, burnt, lost };
  const shown = Object.entries(texts).map(([name, units]) => [name, units === undefined ? units : formatCoins(units)]);
  if (json) printJson(io, { id, nonce, ...Object.fromEntries(shown) });
  else printLine(io, id);
  say(io, `${done} ${what}; ${hint(command, `chain tx ${id}`)} shows its block.`);
  return undefined;
}
