// `pouw-node peers`: who a running node is connected to.
import { Command } from "commander";
import type { Context } from "../context.ts";
import { addPlace, nodeOf } from "../place.ts";
import { print } from "../print.ts";
import { peerLines } from "../views/status.ts";

export function peersCommand(context: Context): Command {
  const { io, action } = context;
  return addPlace(new Command("peers").description("the peers of a running node"), context)
    .option("--json", "print JSON")
    .action(action(async (command) => print(io, command, await nodeOf(command, context).peers(), peerLines)));
}
