// Process 1 of a container. It imports nothing of the program: the command reads it before it loads itself.
import { spawn } from "node:child_process";
import { constants } from "node:os";

const HANDED_ON = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/**
 * Runs the command as a child, hands signals on to it, and ends as it does. Process 1 dies of no signal of its own, so a second Ctrl-C could
 * not end it at once: `process.exit` waits for units in progress, and the native code that it ends them under often crashes.
 */
export function runAsChild(): Promise<never> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], { stdio: "inherit" });
  for (const signal of HANDED_ON) process.on(signal, () => child.kill(signal));
  return new Promise((_resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal as NodeJS.Signals]));
  });
}
