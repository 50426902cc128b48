// The real terminal: this process's streams, environment and signals.
import { homedir } from "node:os";
import type { Io } from "./io.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function onInterrupt(listener: () => void): () => void {
  for (const signal of SIGNALS) process.on(signal, listener);
  // A node that devnet started hears here that devnet is gone.
  process.on("disconnect", listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
    process.off("disconnect", listener);
  };
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
    exit: (code) => process.exit(code),
  };
}
