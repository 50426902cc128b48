// `pouw-node status`: the status of the node that runs on a data directory.
import { Command } from "commander";
import type { Context } from "../context.ts";
import { addPlace, nodeOf } from "../place.ts";
import { print } from "../print.ts";
import { statusLines } from "../views/status.ts";

export function statusCommand(context: Context): Command {
  const { io, action } = context;
  return addPlace(new Command("status").description("the status of a running node"), context)
    .option("--json", "print JSON")
    .action(action(async (command) => print(io, command, await nodeOf(command, context).status(), statusLines)));
}
