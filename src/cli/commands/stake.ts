// `pouw-node stake`: puts money of the account at stake, and withdraws it.
import { Command } from "commander";
import { readPayload } from "../../chain/index.ts";
import type { Context } from "../context.ts";
import { addSettings, PLACE } from "../settings-options.ts";
import { amountOf, submit, withFee } from "../submit.ts";

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

async function move(context: Context, command: Command, { kind, done }: Way): Promise<undefined> {
  const amount = amountOf(command.args[0] as string, "amount");
  const payload = readPayload(kind, { amount: `${amount}` });
  return submit(context, command, { done, amount, make: (base) => ({ ...base, ...payload }) });
}

export function stakeCommand(context: Context): Command {
  const { deps, action } = context;
  const stake = new Command("stake").description("the account's collateral");
  for (const way of WAYS) {
    const sub = addSettings(new Command(way.name).description(way.description), deps.settings, PLACE)
      .option("--json", "print JSON")
      .argument("<amount>", "coins, for example 12 or 0.25");
    stake.addCommand(withFee(sub).action(action((command) => move(context, command, way))));
  }
  return stake;
}
