import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { afterEach, describe, expect, it } from "vitest";
import { PeerBook } from "../../../src/adapters/libp2p/peers/peer-book.ts";
import { tidy } from "../../../src/adapters/libp2p/peers/tidy.ts";
import type { Clock, Log } from "../../../src/ports/index.ts";

const DAY = 24 * 3_600_000;
const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

async function lab() {
  const dataDir = await mkdtemp(join(tmpdir(), "pouw-book-"));
  directories.push(dataDir);
  const said: string[] = [];
  const note = (_data: object, sentence: string) => void said.push(sentence);
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
  const at = { day: 0 };
  const clock: Clock = { now: () => 0, wallTime: () => at.day * DAY, after: () => () => undefined };
  const open = async (): Promise<PeerBook> => {
    const book = new PeerBook({ dataDir, exemptLocal: false }, { clock, log });
    await book.load();
    return book;
  };
  return { dataDir, file: join(dataDir, "peers.json"), said, at, open };
}

const someone = async (): Promise<string> => peerIdFromPrivateKey(await generateKeyPair("Ed25519")).toString();
const ids = (count: number): Promise<string[]> => Promise.all(Array.from({ length: count }, someone));

describe("the book of peers", () => {
  it("remembers who answered and where, over restarts, for thirty days", async () => {
    const { open, at, said } = await lab();
    const [old, young] = (await ids(2)) as [string, string];
    const book = await open();
    book.note(old, `/ip4/203.0.113.1/tcp/9444/p2p/${old}`);
    at.day = 20;
    book.note(young, "/dns4/example.org/tcp/9444");
    await book.save();
    expect((await open()).known()).toEqual([
      { peer: old, address: "/ip4/203.0.113.1/tcp/9444", seen: 0 },
      { peer: young, address: "/dns4/example.org/tcp/9444", seen: 20 * DAY },
    ]);
    at.day = 31;
    expect((await open()).known().map(({ peer }) => peer)).toEqual([young]);
    expect(said).toEqual([]);
  });

  it("holds 256 peers, 16 of one IP group, and a bounded file", async () => {
    const { open, file } = await lab();
    const peers = await ids(300);
    const book = await open();
    for (const [i, peer] of peers.entries()) book.note(peer, `/ip4/10.${i >> 8}.${i % 256}.1/tcp/9444`);
    expect(book.known().map(({ peer }) => peer)).toEqual(peers.slice(-256));
    for (const [i, peer] of peers.entries()) book.note(peer, `/ip4/198.51.100.${i % 256}/tcp/9444`);
    const crowd = book.known().filter(({ address }) => address.startsWith("/ip4/198.51.100."));
    expect(crowd.map(({ peer }) => peer)).toEqual(peers.slice(-16));
    await book.save();
    expect((await readFile(file)).length).toBeLessThan(256 * 400);
  });

  it("writes nothing without a change, and nothing that it could not read", async () => {
    const { open, dataDir } = await lab();
    const book = await open();
    book.note("nobody", "/ip4/203.0.113.1/tcp/1");
    book.note(await someone(), "nowhere");
    await book.save();
    expect(await readdir(dataDir)).toEqual([]);
  });

  it.each([
    ["no JSON", "{"],
    ["no list", "7"],
    ["a list of anything", '[1, null, "x", {"peer": 1}, {"peer": "x", "address": "/ip4/1.2.3.4/tcp/1", "seen": 9e15}]'],
  ])("goes on without what it cannot read: %s", async (_, content) => {
    const { open, file } = await lab();
    await writeFile(file, content);
    expect((await open()).known()).toEqual([]);
  });
});

describe("tidying", () => {
  it("forgets who is neither connected nor wanted, and fails without a word", async () => {
    const peers = (await Promise.all(
      [1, 2, 3].map(async () => peerIdFromPrivateKey(await generateKeyPair("Ed25519"))),
    )) as [
      ReturnType<typeof peerIdFromPrivateKey>,
      ReturnType<typeof peerIdFromPrivateKey>,
      ReturnType<typeof peerIdFromPrivateKey>,
    ];
    const [connected, wanted, stranger] = peers;
    const deleted: string[] = [];
    const peerStore = {
      all: async () => peers.map((id) => ({ id })),
      delete: async (id: object) => void deleted.push(String(id)),
    };
    const { said } = await lab();
    const log = { debug: (_data: object, sentence: string) => void said.push(sentence) } as unknown as Log;
    const node = { getPeers: () => [connected], peerStore } as never;
    await tidy({ node, log, isWanted: (peer) => peer === wanted.toString() });
    expect(deleted).toEqual([stranger.toString()]);
    const broken = { getPeers: () => [], peerStore: { all: () => Promise.reject(new Error("closed")) } } as never;
    await tidy({ node: broken, log, isWanted: () => false });
    expect(said).toHaveLength(1);
  });
});
