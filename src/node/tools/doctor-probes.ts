// The probes of `doctor` for everything but training: store, account, ports. Nothing is made and nothing left open.
import { accessSync, constants, existsSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { openLevelStore } from "../../adapters/level/index.ts";
import { messageOf, PouwError } from "../../base/index.ts";
import { DEFAULT_API_PORT, DEFAULT_LISTEN, type NodeOptions } from "../config/index.ts";
import { readWallet } from "../parts/index.ts";
import { absent, type CapabilityReport, off, ready } from "../views/index.ts";

const fromError = (name: string, error: PouwError): CapabilityReport => absent(name, error.message, error.remedy);

/** The nearest directory at or above `path` that exists. */
function nearestDirectory(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestDirectory(dirname(path));
}

/** Whether the chain's store opens. */
export async function probeStore({
  dataDir,
  ephemeral,
}: Pick<NodeOptions, "dataDir" | "ephemeral">): Promise<CapabilityReport> {
  if (ephemeral) return ready("store", "in memory only, as asked for");
  const path = join(dataDir, "chain");
  try {
    if (!existsSync(path)) {
      accessSync(nearestDirectory(dataDir), constants.W_OK);
      return ready("store", `${path} will be made`);
    }
    await (await openLevelStore(path)).close();
    return ready("store", path);
  } catch (error) {
    if (!(error instanceof PouwError))
      return absent("store", `${dataDir} cannot be written: ${messageOf(error)}`, "Choose another with --data-dir.");
    return error.code === "STORE_LOCKED"
      ? ready("store", `${path}, open in a running node`)
      : fromError("store", error);
  }
}

/** Whether the account's key can be read, or will be made. */
export function probeAccount(options: Pick<NodeOptions, "dataDir" | "accountSecret">): CapabilityReport {
  if (options.accountSecret !== undefined) return ready("account", "from the settings");
  try {
    const wallet = readWallet(options.dataDir);
    if (wallet === undefined) return ready("account", "a key file is made at the first start");
    return { ...ready("account", wallet.path), remedy: wallet.warning };
  } catch (error) {
    if (error instanceof PouwError) return fromError("account", error);
    throw error;
  }
}

/** Whether a TCP port can be listened on now. */
function portFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The listening addresses: free, taken but not asked for, or taken. */
export async function probeListen({ listen }: Pick<NodeOptions, "listen">): Promise<CapabilityReport> {
  const asked = listen.length > 0;
  const addresses = asked ? listen : [DEFAULT_LISTEN];
  for (const address of addresses) {
    const [, , host, , port] = address.split("/");
    if (await portFree(host as string, Number(port))) continue;
    if (!asked) return ready("listen", `${address} is taken: a free port is used`);
    return absent("listen", `${address} is taken by another process`, "Choose another with --listen.");
  }
  return ready("listen", addresses.join(", "));
}

/** The same for the API's port. */
export async function probeApi({
  apiHost,
  apiPort,
}: Pick<NodeOptions, "apiHost" | "apiPort">): Promise<CapabilityReport> {
  if (apiPort === "off") return off("api", "switched off", "Leave out --api-port off.");
  const port = apiPort === "auto" ? DEFAULT_API_PORT : apiPort;
  if (await portFree(apiHost, port)) return ready("api", port === 0 ? `${apiHost}, a free port` : `${apiHost}:${port}`);
  if (apiPort === "auto") return ready("api", `${apiHost}:${port} is taken: a free port is used`);
  return absent("api", `${apiHost}:${port} is taken by another process`, "Choose another with --api-port.");
}
