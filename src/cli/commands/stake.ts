// `pouw-node stake`: puts money of the account at stake, and withdraws it.
import { Command } from "commander";
import { coins, formatCoins } from "../../base/index.ts";
import { readPayload } from "../../chain/index.ts";
import type { Context } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { addPlace } from "../place.ts";
import { submit, withFee } from "../submit.ts";

interface Way {
  readonly name: string;
  readonly description: string;
  readonly kind: "stake" | "unstake";
  readonly done: string;
}

const WAYS: readonly Way[] = [
  { name: "add", description: "put money at stake, as collateral for work", kind: "stake", done: "Staked" },
  {
    name: "remove",
    description: "withdraw stake; it can be spent after the unbonding time and is at risk until then",
    kind: "unstake",
    done: "Withdrew",
  },
];

async function move(context: Context, command: Command, { kind, done }: Way): Promise<ExitCode | undefined> {
  const amount = coins(command.args[0] as string);
  const payload = readPayload(kind, { amount: formatCoins(amount) });
  return submit(context, command, { done, amount, make: (base) => ({ ...base, ...payload }) });
}

export function stakeCommand(context: Context): Command {
  const { action } = context;
  const stake = new Command("stake").description("the account's collateral");
  for (const way of WAYS) {
    const sub = addPlace(new Command(way.name).description(way.description), context)
      .option("--json", "print JSON")
      .argument("<amount>", "coins, for example 12 or 0.25");
    stake.addCommand(withFee(sub).action(action((command) => move(context, command, way))));
  }
  return stake;
}
