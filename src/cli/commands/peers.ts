// `pouw-node peers`: who a running node is connected to.
import { Command } from "commander";
import { findNode } from "../../api/index.ts";
import { type Context, type JsonOption, optionsOf } from "../context.ts";
import { colorsFor, printJson, printLine } from "../io.ts";
import { addSettings, PLACE, settingsOf } from "../settings-options.ts";
import { peerLines } from "../views/status.ts";

export function peersCommand(context: Context): Command {
  const { io, deps, action } = context;
  return addSettings(new Command("peers").description("the peers of a running node"), deps.settings, PLACE)
    .option("--json", "print JSON")
    .action(
      action(async (command) => {
        const peers = await findNode(settingsOf(command, context).options.dataDir).peers();
        if (optionsOf<JsonOption>(command).json) printJson(io, peers);
        else for (const line of peerLines(peers, colorsFor(io.stdout, io.env))) printLine(io, line);
        return undefined;
      }),
    );
}
