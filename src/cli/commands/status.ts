// `pouw-node status`: the status of the node that runs on a data directory.
import { Command } from "commander";
import { type Context, type JsonOption, optionsOf } from "../context.ts";
import { colorsFor, printJson, printLine } from "../io.ts";
import { addPlace, nodeOf } from "../place.ts";
import { statusLines } from "../views/status.ts";

export function statusCommand(context: Context): Command {
  const { io, action } = context;
  return addPlace(new Command("status").description("the status of a running node"), context)
    .option("--json", "print JSON")
    .action(
      action(async (command) => {
        const status = await nodeOf(command, context).status();
        if (optionsOf<JsonOption>(command).json) printJson(io, status);
        else for (const line of statusLines(status, colorsFor(io.stdout, io.env))) printLine(io, line);
        return undefined;
      }),
    );
}
