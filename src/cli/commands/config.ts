// `pouw-node config explain`: each setting, its value and where it came from.
import { Command } from "commander";
import { explainConfig } from "../../node/index.ts";
import { type Context, type JsonOption, optionsOf } from "../context.ts";
import { colorsFor, printJson, printLine, toJson } from "../io.ts";
import { addSettings, settingsOf } from "../settings-options.ts";
import { table } from "../views/text.ts";

export function configCommand(context: Context): Command {
  const { io, deps, action } = context;
  const explain = addSettings(
    new Command("explain").description("print each setting and where it came from"),
    deps.settings,
  )
    .option("--json", "print JSON")
    .action(
      action((command) => {
        const rows = explainConfig(settingsOf(command, context));
        if (optionsOf<JsonOption>(command).json) {
          printJson(io, Object.fromEntries(rows.map(({ key, value, origin }) => [key, { value, origin }])));
          return undefined;
        }
        const c = colorsFor(io.stdout, io.env);
        const show = (value: unknown): string => (value === undefined ? "-" : toJson(value));
        for (const line of table(rows.map(({ key, value, origin }) => [key, show(value), c.dim(origin)])))
          printLine(io, line);
        return undefined;
      }),
    );
  return new Command("config").description("look at the settings").addCommand(explain);
}
