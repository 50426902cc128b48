// `pouw-node status`: the status of the node that runs on a data directory.
import { Command } from "commander";
import { findNode } from "../../api/index.ts";
import { type Context, type JsonOption, optionsOf } from "../context.ts";
import { colorsFor, printJson, printLine } from "../io.ts";
import { addSettings, PLACE, settingsOf } from "../settings-options.ts";
import { statusLines } from "../views/status.ts";

export function statusCommand(context: Context): Command {
  const { io, deps, action } = context;
  return addSettings(new Command("status").description("the status of a running node"), deps.settings, PLACE)
    .option("--json", "print JSON")
    .action(
      action(async (command) => {
        const status = await findNode(settingsOf(command, context).options.dataDir).status();
        if (optionsOf<JsonOption>(command).json) printJson(io, status);
        else for (const line of statusLines(status, colorsFor(io.stdout, io.env))) printLine(io, line);
        return undefined;
      }),
    );
}
