// `pouw-node wallet`: the account's key file and its money. A secret leaves through `export --yes` only.
import { createInterface } from "node:readline";
import { Command } from "commander";
import { coins, formatAddress, PouwError, parseAddress, toHex } from "../../base/index.ts";
import { transferOf } from "../../chain/index.ts";
import { createWallet, networkName, parseSecret, readWallet, type Wallet } from "../../node/index.ts";
import { type Context, type JsonOption, optionsOf } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { type Io, printJson, printLine, say } from "../io.ts";
import { addPlace, nodeOf, PLACE } from "../place.ts";
import { addSettings, settingsOf } from "../settings-options.ts";
import { dirOf, needWallet, submit, withFee } from "../submit.ts";

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

/** The own address, as the network of the command's settings writes it. */
const addressOf = (command: Command, context: Context, { keys }: Wallet): string =>
  formatAddress(keys.address, networkName(settingsOf(command, context).options.network));

function made(context: Context, command: Command, wallet: Wallet): undefined {
  const { io } = context;
  const address = addressOf(command, context, wallet);
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
  return made(context, command, createWallet(dataDir, parseSecret(await readSecretLine(io))));
}

function showAddress(context: Context, command: Command): undefined {
  const { io } = context;
  const wallet = needWallet(command, context);
  const { path } = wallet;
  const address = addressOf(command, context, wallet);
  if (optionsOf<JsonOption>(command).json) printJson(io, { address, path });
  else printLine(io, address);
  return undefined;
}

function send(context: Context, command: Command): Promise<ExitCode | undefined> {
  const [to, text] = command.args as [string, string];
  const amount = coins(text);
  return submit(context, command, {
    ...{ done: "Sent", amount, to },
    make: (base, receiver) => transferOf({ ...base, to: receiver, amount }),
  });
}

async function balance(context: Context, command: Command): Promise<undefined> {
  const { io } = context;
  const node = nodeOf(command, context);
  const [given] = command.args;
  if (given !== undefined) parseAddress(given);
  const account = await node.account(given ?? toHex(needWallet(command, context).keys.address));
  if (optionsOf<JsonOption>(command).json) printJson(io, account);
  else printLine(io, account.balance);
  const more = (amount: string, words: string): void => {
    if (coins(amount) > 0n) say(io, `${amount} ${words}.`);
  };
  more(account.pendingOut, "of it waits to go out");
  more(account.pendingIn, "more waits to come in");
  more(account.stake, "more is at stake");
  more(account.unbonding, "more is being withdrawn from stake");
  more(account.immature, "more is maturing");
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
  if (json) printJson(io, { address: addressOf(command, context, wallet), secret });
  else printLine(io, secret);
  return undefined;
}

export function walletCommand(context: Context): Command {
  const { deps, action } = context;
  const running = (name: string, description: string): Command =>
    addPlace(new Command(name).description(description), context).option("--json", "print JSON");
  const sub = (name: string, description: string): Command =>
    addSettings(new Command(name).description(description), deps.settings, PLACE).option("--json", "print JSON");
  return new Command("wallet")
    .description("the account's key and money")
    .addCommand(
      sub("new", "make a key file").action(
        action((command) => made(context, command, createWallet(dirOf(command, context)))),
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
      running("balance", "what the account, or another one, owns")
        .argument("[address]", "another account")
        .action(action((command) => balance(context, command))),
    )
    .addCommand(
      withFee(running("send", "send money through a running node"))
        .option("--yes", "send without asking")
        .argument("<to>", "the receiver's address")
        .argument("<amount>", "coins, for example 12 or 0.25")
        .action(action((command) => send(context, command))),
    );
}
