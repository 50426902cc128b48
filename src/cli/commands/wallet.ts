// `pouw-node wallet`: the account's key file and its money. A secret leaves through `export --yes` only.
import { createInterface } from "node:readline";
import { Command } from "commander";
import { findNode } from "../../api/index.ts";
import { PouwError, parseAddress, toHex } from "../../base/index.ts";
import { transferOf } from "../../chain/index.ts";
import type { UnsignedTransaction } from "../../codec/index.ts";
import { createWallet, parseSecret, readWallet, type Wallet } from "../../node/index.ts";
import { type Context, type JsonOption, optionsOf } from "../context.ts";
import { type Io, printJson, printLine, say } from "../io.ts";
import { addSettings, PLACE } from "../settings-options.ts";
import { amountOf, dirOf, needWallet, type Order, submit, withFee } from "../submit.ts";
import { formatAmount } from "../views/text.ts";

/** One line from stdin. A terminal shows none of it. */
async function readSecretLine(io: Io): Promise<string> {
  const terminal = io.stdin.isTTY === true;
  if (terminal) say(io, "Paste the secret key (64 hex digits, not shown), then Enter:");
  const lines = createInterface({ input: io.stdin, terminal });
  try {
    for await (const line of lines) if (line.trim() !== "") return line.trim();
    return "";
  } finally {
    lines.close();
  }
}

function made(io: Io, command: Command, wallet: Wallet): undefined {
  const address = toHex(wallet.keys.address);
  if (optionsOf<JsonOption>(command).json) printJson(io, { address, path: wallet.path });
  else printLine(io, address);
  say(io, `Key file: ${wallet.path}. Keep a copy of it: who has it has the money, and nobody can make it again.`);
  return undefined;
}

async function importSecret(context: Context, command: Command): Promise<undefined> {
  const { io } = context;
  const dataDir = dirOf(command, context);
  // Where a key file is already, this throws before anybody types a secret.
  if (readWallet(dataDir) !== undefined) createWallet(dataDir);
  return made(io, command, createWallet(dataDir, parseSecret(await readSecretLine(io))));
}

function showAddress(context: Context, command: Command): undefined {
  const { io } = context;
  const { keys, path } = needWallet(command, context);
  const address = toHex(keys.address);
  if (optionsOf<JsonOption>(command).json) printJson(io, { address, path });
  else printLine(io, address);
  return undefined;
}

async function send(context: Context, command: Command): Promise<undefined> {
  const [to, text] = command.args as [string, string];
  const receiver = parseAddress(to);
  const amount = amountOf(text, "amount");
  const make = (base: Parameters<Order["make"]>[0]): UnsignedTransaction =>
    transferOf({ ...base, to: receiver, amount });
  return submit(context, command, { done: "Sent", amount, to: receiver, make });
}

async function balance(context: Context, command: Command): Promise<undefined> {
  const { io } = context;
  const node = findNode(dirOf(command, context));
  const address = command.args[0] ?? toHex(needWallet(command, context).keys.address);
  const account = await node.account(toHex(parseAddress(address)));
  if (optionsOf<JsonOption>(command).json) printJson(io, account);
  else printLine(io, formatAmount(account.balance));
  if (account.stake !== "0") say(io, `${formatAmount(account.stake)} more is at stake.`);
  if (account.unbonding !== "0") say(io, `${formatAmount(account.unbonding)} more is being withdrawn from stake.`);
  if (account.immature !== "0") say(io, `${formatAmount(account.immature)} more is maturing.`);
  return undefined;
}

function exportSecret(context: Context, command: Command): undefined {
  const { io } = context;
  const wallet = needWallet(command, context);
  const { yes, json } = optionsOf<JsonOption & { yes?: true }>(command);
  if (yes !== true)
    throw new PouwError("BAD_CONFIG", "Exporting prints the secret key: who sees it can take the money.", {
      remedy: "If that is what you want, run it again with --yes.",
    });
  const secret = toHex(wallet.secret);
  if (json) printJson(io, { address: toHex(wallet.keys.address), secret });
  else printLine(io, secret);
  return undefined;
}

export function walletCommand(context: Context): Command {
  const { io, deps, action } = context;
  const sub = (name: string, description: string): Command =>
    addSettings(new Command(name).description(description), deps.settings, PLACE).option("--json", "print JSON");
  return new Command("wallet")
    .description("the account's key and money")
    .addCommand(
      sub("new", "make a key file").action(
        action((command) => made(io, command, createWallet(dirOf(command, context)))),
      ),
    )
    .addCommand(
      sub("import", "make the key file from a secret key read from stdin").action(
        action((command) => importSecret(context, command)),
      ),
    )
    .addCommand(
      sub("export", "print the secret key")
        .option("--yes", "really print it")
        .action(action((command) => exportSecret(context, command))),
    )
    .addCommand(
      sub("address", "print the account's address").action(action((command) => showAddress(context, command))),
    )
    .addCommand(
      sub("balance", "what the account, or another one, owns")
        .argument("[address]", "another account")
        .action(action((command) => balance(context, command))),
    )
    .addCommand(
      withFee(sub("send", "send money through a running node"))
        .argument("<to>", "the receiver's address, 64 hex digits")
        .argument("<amount>", "coins, for example 12 or 0.25")
        .action(action((command) => send(context, command))),
    );
}
