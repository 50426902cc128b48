// The API over a real socket: taking a port, the typed client, live events, and the file that tells where it is.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { get } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ApiServer,
  announce,
  announcementPath,
  apiClient,
  buildApi,
  findNode,
  startApi,
} from "../../src/api/index.ts";
import { PouwError, toHex } from "../../src/base/index.ts";
import { transferOf } from "../../src/chain/index.ts";
import { Transaction } from "../../src/codec/index.ts";
import { keyPairFromSecret } from "../../src/crypto/index.ts";
import { aPeer, aStatus, type FakeView, fakeView, hexOf, refusedTransaction } from "../support/fake-view.ts";

const OPTIONS = { host: "127.0.0.1", bodyBytes: 4096, maxStreams: 1 };
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
let view: FakeView;
const servers: { close(): unknown }[] = [];
beforeEach(() => {
  view = fakeView();
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function api(port: number | "auto" = 0): Promise<ApiServer> {
  const server = await startApi(view, { ...OPTIONS, port });
  servers.push(server);
  return server;
}

const startApiOf = async (change: object): Promise<ApiServer> => {
  const server = await startApi(view, { ...OPTIONS, ...change, port: 0 });
  servers.push(server);
  return server;
};

/** The server itself, on a port. */
async function listening() {
  const app = buildApi(view, OPTIONS);
  servers.push(app);
  await app.listen({ host: "127.0.0.1", port: 0 });
  const connections = (): Promise<number> =>
    new Promise((resolve) => app.server.getConnections((_, count) => resolve(count)));
  return { connections, port: (app.server.address() as { port: number }).port };
}

/** Waits until it is so, ten seconds at most. */
async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (await isSo()) return;
    await new Promise((next) => setTimeout(next, 10));
  }
  throw new Error(`waited in vain for ${what}`);
}

async function failure(job: () => unknown): Promise<PouwError> {
  try {
    await job();
  } catch (error) {
    if (error instanceof PouwError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("its port", () => {
  it("is the one asked for, or PORT_IN_USE with the next step", async () => {
    const taken = await api();
    const error = await failure(() => api(taken.port));
    expect(error.code).toBe("PORT_IN_USE");
    expect(error.message).toContain(String(taken.port));
    expect(error.remedy).toContain("--api-port");
  });

  it("falls back to a free one when nobody asked for one", async () => {
    const first = await api("auto");
    const second = await api("auto");
    expect(second.port).not.toBe(first.port);
    expect((await apiClient(second.url).status()).height).toBe(9);
  });

  it("is free again after close", async () => {
    const server = await startApi(view, { ...OPTIONS, port: 0 });
    await server.close();
    const again = createServer();
    again.listen(server.port, "127.0.0.1");
    await once(again, "listening");
    again.close();
    expect((await failure(() => apiClient(server.url).status())).code).toBe("NOT_RUNNING");
  });
});

describe("the client", () => {
  it("reads every resource in its whole shape", async () => {
    const client = apiClient((await api()).url);
    expect(plain(await client.status())).toEqual(plain(aStatus()));
    expect((await client.peers())[0]).toEqual(aPeer());
    expect(await client.blocks(undefined, 2)).toMatchObject([{ height: 8 }, { height: 9 }]);
    expect(await client.blocks(0, 1)).toMatchObject([{ height: 0 }]);
    expect(await client.block("3")).toMatchObject({
      height: 3,
      transactionList: [{ kind: "transfer", payload: { amount: "10" } }],
    });
    expect(await client.transaction(hexOf(77))).toMatchObject({ fee: "0.001" });
    expect(await client.account(hexOf(200))).toMatchObject({ balance: "150.25" });
  });

  it("submits, and throws what the node says", async () => {
    const client = apiClient((await api()).url);
    const keys = keyPairFromSecret(new Uint8Array(32).fill(7));
    const genesis = new Uint8Array(32);
    const order = transferOf({ genesis, from: keys.address, to: keys.address, amount: 5n, fee: 1n, nonce: 0n });
    const bytes = Transaction.codec.encode(Transaction.sign(order, keys, genesis));
    expect(await client.submitTransaction(bytes)).toMatch(/^[0-9a-f]{64}$/);
    expect(view.submitted.map(toHex)).toEqual([toHex(bytes)]);
    view.verdict = refusedTransaction;
    const error = await failure(() => client.submitTransaction(bytes));
    expect([error.code, error.message]).toEqual([
      "REFUSED",
      "The transaction was refused: the account nonce was used before: 0, the account is at 2.",
    ]);
    expect((await failure(() => client.block("77"))).code).toBe("NOT_FOUND");
  });

  it("knows an answer that is not a node's", async () => {
    const other = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
    });
    servers.push(other);
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    expect((await failure(() => apiClient(`http://127.0.0.1:${port}`).status())).code).toBe("BAD_ENCODING");
  });
});

/** The first events of a stream, which then is closed; `heard` is called with all that came whenever more did. */
async function eventsOf(
  response: Response,
  count: number,
  heard: (text: string) => void = () => undefined,
): Promise<string[]> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = "";
  while (text.split("\n\n").length <= count) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream ended after: ${text}`);
    text += new TextDecoder().decode(value);
    heard(text);
  }
  await reader.cancel();
  return text.split("\n\n").slice(0, count);
}

describe("live events", () => {
  it("begin with the status and go on with what happens", async () => {
    const { url } = await api();
    const response = await fetch(`${url}/v1/events`, { signal: AbortSignal.timeout(10_000) });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const [first, second] = await eventsOf(response, 2, (text) => {
      if (text.includes("event: status") && !text.includes("event: block"))
        view.events.emit("block", { height: 10, hash: "aa", miner: "bb", time: 1, own: true });
    });
    expect(first).toMatch(/^event: status\ndata: \{"nodeId"/);
    expect(second).toMatch(
      /^id: \w+-1\nevent: block\ndata: \{"height":10,"hash":"aa","miner":"bb","time":1,"own":true\}$/,
    );
  });

  it("have ids, and who comes back with the last one gets what it missed, once", async () => {
    const server = await startApi(view, { ...OPTIONS, maxStreams: 16, port: 0 });
    servers.push(server);
    const { url } = server;
    const ask = async (id?: string) => {
      const headers: { [name: string]: string } = id === undefined ? {} : { "last-event-id": id };
      return fetch(`${url}/v1/events`, { headers, signal: AbortSignal.timeout(10_000) });
    };
    const block = (height: number): void =>
      view.events.emit("block", { height, hash: "aa", miner: "bb", time: 1, own: true });
    const first = await ask();
    for (const height of [10, 11]) block(height);
    const [status, ten, eleven] = await eventsOf(first, 3);
    expect(status).not.toMatch(/^id: /);
    const idOf = (text: string | undefined): string => /^id: (\S+)\n/.exec(text ?? "")?.[1] as string;
    block(12);
    const back = await eventsOf(await ask(idOf(ten)), 3);
    expect(back.slice(1)).toEqual([eleven, expect.stringContaining('"height":12')]);
    // An id of another run, or what is none, brings nothing of before.
    for (const id of [`x${idOf(ten)}`, "1", `${idOf(ten)}9999999999999999`]) {
      const other = await ask(id);
      block(13);
      expect((await eventsOf(other, 2))[1], id).toContain('"height":13');
    }
  });

  it("of one address take half of the places at most", async () => {
    const server = await startApi(view, { ...OPTIONS, host: "0.0.0.0", maxStreams: 4, port: 0 });
    servers.push(server);
    const open = async (from: string) =>
      new Promise<number>((resolve, fail) => {
        const asked = get({ port: server.port, host: "127.0.0.1", path: "/v1/events", localAddress: from }, (reply) => {
          resolve(reply.statusCode as number);
          reply.resume();
        });
        asked.once("error", fail);
      });
    expect([await open("127.0.0.1"), await open("127.0.0.1"), await open("127.0.0.1")]).toEqual([200, 200, 503]);
    expect([await open("127.0.0.2"), await open("127.0.0.2"), await open("127.0.0.2")]).toEqual([200, 200, 503]);
  });

  /** A stream from an address of this machine. */
  const openFrom = (port: number, from: string) =>
    new Promise<{ readonly status: number; close(): void }>((resolve, fail) => {
      const asked = get({ port, host: "127.0.0.1", path: "/v1/events", localAddress: from }, (reply) => {
        resolve({ status: reply.statusCode as number, close: () => void reply.destroy() });
        reply.resume();
      });
      asked.once("error", fail);
    });

  it("of all addresses are so many at most, and one that ended leaves its place", async () => {
    const server = await startApi(view, { ...OPTIONS, host: "0.0.0.0", maxStreams: 2, port: 0 });
    servers.push(server);
    const [one, two, three] = [1, 2, 3].map((i) => `127.0.0.${i}`) as [string, string, string];
    const first = await openFrom(server.port, one);
    expect([first.status, (await openFrom(server.port, two)).status]).toEqual([200, 200]);
    expect((await openFrom(server.port, three)).status).toBe(503);
    first.close();
    await until("its place", async () => (await openFrom(server.port, three)).status === 200);
  });

  it("are 512 for who comes back: older ones are gone", async () => {
    const { url } = await startApiOf({ maxStreams: 16 });
    const ask = (id?: string): Promise<Response> =>
      fetch(`${url}/v1/events`, { headers: id === undefined ? {} : { "last-event-id": id } });
    const first = await ask();
    for (let height = 1; height <= 600; height++)
      view.events.emit("block", { height, hash: "aa", miner: "bb", time: 1, own: true });
    const [, begin] = await eventsOf(first, 2);
    const run = /^id: (\w+)-1\n/.exec(begin as string)?.[1];
    const [, oldest] = await eventsOf(await ask(`${run}-1`), 2);
    expect(oldest).toContain(`id: ${run}-${600 - 512 + 1}\n`);
  });

  it("cut off who reads none of them, rather than keep them", async () => {
    const { connections, port } = await listening();
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("GET /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
    await once(socket, "readable");
    expect(await connections()).toBe(1);
    // What a hash may be is the view's business: this one is large, so that the system's own buffers fill soon.
    const hash = "a".repeat(100_000);
    await until("its end", async () => {
      for (let i = 0; i < 20; i++) view.events.emit("block", { height: 1, hash, miner: "bb", time: 1, own: true });
      return (await connections()) === 0;
    });
    socket.destroy();
  });

  it("are limited in number, and do not keep the server from closing", async () => {
    const server = await startApi(view, { ...OPTIONS, port: 0 });
    const open = await fetch(`${server.url}/v1/events`);
    expect((await fetch(`${server.url}/v1/events`)).status).toBe(503);
    await server.close();
    await expect(open.text()).resolves.toContain("event: status");
  });
});

describe("connections", () => {
  it("are 256 at once: more are closed as they come, until one ends", async () => {
    const { connections, port } = await listening();
    const sockets = Array.from({ length: 256 }, () => connect(port, "127.0.0.1"));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    const late = connect(port, "127.0.0.1");
    late.on("error", () => undefined);
    await once(late, "close");
    sockets[0]?.destroy();
    await until("a place", async () => (await connections()) < 256);
    expect((await apiClient(`http://127.0.0.1:${port}`).status()).height).toBe(9);
    for (const socket of sockets) socket.destroy();
  });
});

describe("a request that comes slowly", () => {
  it("has ten seconds where nobody says otherwise", () => {
    const { requestTimeout, headersTimeout } = buildApi(view, OPTIONS).server;
    expect([requestTimeout, headersTimeout]).toEqual([10_000, 10_000]);
  });

  it("has its time to arrive whole, body included; an honest one beside it is answered", async () => {
    const server = await startApi(view, { ...OPTIONS, port: 0, requestMs: 500 });
    servers.push(server);
    const slow = Array.from({ length: 40 }, (_, i) => {
      const socket = connect(server.port, "127.0.0.1");
      const head = `POST /v1/transactions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 999\r\n`;
      // Half of them stop in the middle of their headers.
      socket.write(i % 2 === 0 ? head : `${head}\r\n{`);
      const drip = setInterval(() => socket.write(i % 2 === 0 ? "x" : " "), 200);
      socket.on("error", () => undefined);
      socket.resume();
      return once(socket, "close").finally(() => clearInterval(drip));
    });
    expect((await apiClient(server.url).status()).height).toBe(9);
    await Promise.all(slow);
  }, 60_000);
});

describe("api.json", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "pouw-announce-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it("leads to the running node and goes when it stops", async () => {
    const { url } = await api();
    const withdraw = announce(dir, url);
    if (process.platform !== "win32") expect(statSync(announcementPath(dir)).mode & 0o777).toBe(0o600);
    expect((await findNode(dir).status()).peerId).toBe(aStatus().peerId);
    withdraw();
    expect(existsSync(announcementPath(dir))).toBe(false);
    const error = await failure(() => findNode(dir));
    expect(error.code).toBe("NOT_RUNNING");
    expect(error.remedy).toContain("--data-dir");
  });

  it("is known as stale when its process is gone, and removed", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    writeFileSync(announcementPath(dir), JSON.stringify({ url: "http://127.0.0.1:1", pid: child.pid }));
    expect((await failure(() => findNode(dir))).code).toBe("NOT_RUNNING");
    expect(existsSync(announcementPath(dir))).toBe(false);
  });

  it("is not written through a link that somebody planted", () => {
    const victim = join(dir, "victim");
    writeFileSync(victim, "mine");
    for (const name of [announcementPath(dir), `${announcementPath(dir)}.${process.pid}`]) symlinkSync(victim, name);
    announce(dir, "http://127.0.0.1:1");
    expect(readFileSync(victim, "utf8")).toBe("mine");
    expect(lstatSync(announcementPath(dir)).isSymbolicLink()).toBe(false);
  });

  it("of another node is left alone by the one that stops", () => {
    const withdraw = announce(dir, "http://127.0.0.1:1");
    writeFileSync(announcementPath(dir), JSON.stringify({ url: "http://127.0.0.1:2", pid: process.pid }));
    withdraw();
    expect(existsSync(announcementPath(dir))).toBe(true);
  });

  it("that cannot be read is said to be so: a node may run behind it", async () => {
    mkdirSync(announcementPath(dir));
    const error = await failure(() => findNode(dir));
    expect(error.code).toBe("NOT_RUNNING");
    expect(error.message).toContain(`${announcementPath(dir)}, which leads to the running node, cannot be read`);
    expect(error.remedy).toContain("user");
  });

  it("that is not one counts as none", async () => {
    writeFileSync(announcementPath(dir), "{");
    expect((await failure(() => findNode(dir))).code).toBe("NOT_RUNNING");
  });
});
