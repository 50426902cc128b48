// Runs the command on the real terminal. Loading this file loads the whole program.
import "../polyfill.ts";
import { VERSION } from "../node/index.ts";
import { processIo } from "./process-io.ts";
import { runCli } from "./program.ts";
import { realDeps } from "./real-deps.ts";

export async function run(): Promise<void> {
  // A pipe that closes early (`pouw-node chain show | head`) is the reader's choice, not a failure; nor does a node end in the middle
  // of its work since nobody reads its log any more, the terminal is gone or the disk of its log is full.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

  process.exitCode = await runCli(process.argv.slice(2), processIo(), realDeps, VERSION);
  // Everything is closed by now. Should a library still hold the event loop, it does not hold the shell.
  setTimeout(() => process.exit(), 3000).unref();
}
