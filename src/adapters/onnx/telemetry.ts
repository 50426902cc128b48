// Nothing leaves the machine but the node's own protocol: what onnxruntime would tell its vendor is switched off before it loads.

/** The native library reads it when it loads: the process's own environment, which a worker thread cannot change. */
const SWITCH = "ORT_DISABLE_TELEMETRY";

/** To be called in the main thread, before the first worker starts. Without it the library looks names up and writes below `~/.cache`. */
export function disableTelemetry(): void {
  process.env[SWITCH] = "1";
}
