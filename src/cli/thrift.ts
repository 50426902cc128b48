// How a node keeps its memory: glibc gives freed buffers back, and V8 collects garbage no more often than pays. It imports nothing of the
// program: the command reads it before it loads itself.
import { setFlagsFromString } from "node:v8";

/**
 * A node makes and drops buffers of some hundred kilobytes all the time. By default glibc keeps such memory in an arena of each thread, in
 * pieces that fit less and less: a third of all that a node holds after an hour. Read at a process's start only; other systems ignore them.
 */
export const THRIFT = { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "131072" } as const;

type Execve = (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => never;

/** Starts this process anew with them, in place, where Node can (22.15 and later) and nobody has set them; else it goes on as it is. */
export function beThrifty(): void {
  const { execve } = process as unknown as { readonly execve?: Execve };
  const [, , command = "start"] = process.argv;
  const isNode = command === "start" || command.startsWith("-");
  const isSet = Object.keys(THRIFT).some((name) => process.env[name] !== undefined);
  // A channel to a parent would be lost; `devnet` sets them for its nodes.
  if (process.platform !== "linux" || execve === undefined || !isNode || isSet || process.connected) return;
  execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    ...process.env,
    ...THRIFT,
  });
}

/**
 * V8 counts buffers, which lie outside its heap, against a limit that it sets by what the heap holds: some fifty megabytes, most of it code. So a
 * node that takes in a chain has all of it marked three times a second, for two fifths of its processor time. While it does, the limit is two and
 * a half times the heap, for some 25 MB of garbage more; afterwards as V8 has it.
 */
export function collectRarely(isRare: boolean): void {
  setFlagsFromString(`--heap-growing-percent=${isRare ? 150 : 0}`);
}
