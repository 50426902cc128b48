// `pouw-node version`: what is installed.
import { Command } from "commander";
import { type Context, type JsonOption, optionsOf } from "../context.ts";
import { printJson, printLine } from "../io.ts";

export function versionCommand({ io, version, action }: Context): Command {
  return new Command("version")
    .description("print the version")
    .option("--json", "print JSON, with those of Node and the platform")
    .action(
      action((command) => {
        const { json } = optionsOf<JsonOption>(command);
        if (json) printJson(io, { version, node: process.version, platform: `${process.platform} ${process.arch}` });
        else printLine(io, version);
        return undefined;
      }),
    );
}
