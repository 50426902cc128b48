// A TCP link that a test can cut and join: a proxy with a fixed port of its own in front of a node's port.
import { connect, createServer, type Server, type Socket } from "node:net";

export class TcpLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target = 0;
  #whole = true;
  /** Connections that were carried so far. */
  carried = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (near) => this.#carry(near));
  }

  /** Takes a free port of 127.0.0.1. Nothing is carried before `lead`. */
  static async open(): Promise<TcpLink> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return new TcpLink(server);
  }

  get address(): string {
    return `/ip4/127.0.0.1/tcp/${(this.#server.address() as { port: number }).port}`;
  }

  /** Everything that comes goes to this port. */
  lead(port: number): void {
    this.#target = port;
  }

  /** Breaks all connections; new ones are broken as they come. */
  cut(): void {
    this.#whole = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  join(): void {
    this.#whole = true;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #carry(near: Socket): void {
    if (!this.#whole || this.#target === 0) {
      near.destroy();
      return;
    }
    this.carried++;
    const far = connect(this.#target, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => other.destroy());
      one.once("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
