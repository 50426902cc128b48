// `pouw-node peers`: who a running node is connected to.
import { Command } from "commander";
import { type Context, type JsonOption, optionsOf } from "../context.ts";
import { colorsFor, printJson, printLine } from "../io.ts";
import { addPlace, nodeOf } from "../place.ts";
import { peerLines } from "../views/status.ts";

export function peersCommand(context: Context): Command {
  const { io, action } = context;
  return addPlace(new Command("peers").description("the peers of a running node"), context)
    .option("--json", "print JSON")
    .action(
      action(async (command) => {
        const peers = await nodeOf(command, context).peers();
        if (optionsOf<JsonOption>(command).json) printJson(io, peers);
        else for (const line of peerLines(peers, colorsFor(io.stdout, io.env))) printLine(io, line);
        return undefined;
      }),
    );
}
