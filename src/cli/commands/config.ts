// `pouw-node config explain`: each setting, its value and where it came from.
import { Command } from "commander";
import { explainConfig } from "../../node/index.ts";
import { type Context, type JsonOption, optionsOf } from "../context.ts";
import { printJson, printLine, toJson, viewOf } from "../io.ts";
import { addSettings, settingsOf } from "../settings-options.ts";
import { textTable } from "../views/text.ts";

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
        const { colors: c, columns } = viewOf(io.stdout, io.env);
        const show = (value: unknown): string => (value === undefined ? "-" : toJson(value));
        for (const line of textTable(
          rows.map(({ key, value, origin }) => [key, c.dim(origin), show(value)]),
          columns,
        ))
          printLine(io, line);
        return undefined;
      }),
    );
  return new Command("config").description("look at the settings").addCommand(explain);
}
