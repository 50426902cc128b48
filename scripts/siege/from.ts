// Where the strangers' connections come from: this process dials for them alone, and what its nodes' APIs see of it does not matter.
import net from "node:net";

const connect = net.connect as (...given: readonly unknown[]) => net.Socket;

/** Every TCP connection that this process opens from now on comes from `localAddress`. */
export function comeFrom(localAddress: string): void {
  const from = (options: unknown, ...rest: readonly unknown[]): net.Socket =>
    connect(typeof options === "object" ? { ...options, localAddress } : options, ...rest);
  Object.assign(net, { connect: from });
}
