// The real terminal: this process's streams, environment and signals.
import { homedir } from "node:os";
import { EXIT } from "./exit-codes.ts";
import type { Io } from "./io.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** npm and npx pass on a Ctrl-C that the terminal has already sent to everybody: what comes this soon after is the same press, ms. */
const SAME_PRESS_MS = 250;

function onInterrupt(listener: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  const once = (): void => {
    const now = performance.now();
    if (now - last < SAME_PRESS_MS) return;
    last = now;
    listener();
  };
  for (const signal of SIGNALS) process.on(signal, once);
  // A node that devnet started hears here that devnet is gone.
  process.on("disconnect", once);
  return () => {
    for (const signal of SIGNALS) process.off(signal, once);
    process.off("disconnect", once);
  };
}

/**
 * process.exit waits for training threads, and native code whose thread ends under it aborts the process with a core dump. So an
 * interrupted process dies of the interrupt itself, which a shell reports as the same 130.
 */
function exit(code: number): void {
  if (code !== EXIT.interrupted || process.platform === "win32") process.exit(code);
  process.emit("exit", code);
  for (const signal of SIGNALS) process.removeAllListeners(signal);
  process.kill(process.pid, "SIGINT");
}

export function processIo(): Io {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    self: { program: process.execPath, args: [...process.execArgv, process.argv[1] ?? ""] },
    onInterrupt,
    exit,
  };
}
