// Every decoder against damaged input: it answers with its one coded error or with a value that encodes to those very bytes, and takes no memory for it.
import { readFileSync } from "node:fs";
import { streamPair } from "@libp2p/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFrames } from "../../src/adapters/libp2p/requests/frames.ts";
import { bytesEqual, concatBytes, type ErrorCode, finish, PouwError, u32be } from "../../src/base/index.ts";
import {
  doubleBlock,
  EVIDENCE_KINDS,
  evidenceOf,
  genesisState,
  readGenesis,
  readState,
  rulesOf,
  type State,
  stateRows,
} from "../../src/chain/index.ts";
import { TRANSACTION_KINDS } from "../../src/chain/transactions/kinds.ts";
import * as codecs from "../../src/codec/index.ts";
import { type Block, type Codec, type Decoded, PROTOCOLS, type RoundRecord, TOPICS } from "../../src/codec/index.ts";
import { createClient } from "../../src/engine/exchange/client.ts";
import { decodeDelta, encodeDelta, encodeIntegers, parseManifest, parseVectors } from "../../src/ml/index.ts";
import type { Wire } from "../../src/ports/index.ts";
import { madeUpTrace, opened, sealed } from "../support/audits.ts";
import {
  aGenesis,
  alice,
  aTransfer,
  aWorld,
  bob,
  doubleOf,
  mineBlock,
  mineChain,
  STAKES,
  someRecords,
} from "../support/chain.ts";
import { Lab, type Node } from "../support/lab.ts";
import { Chance, mutate, mutateJson } from "../support/mutate.ts";
import { toyTask, toyUnit } from "../support/sim.ts";

const SEED = 20_260_701;
/** Cases of all tables together, as every run has them; POUW_FUZZ_CASES asks for another number, shared out alike. */
const USUAL = 205_000;
const SCALE = Number((process.env as { POUW_FUZZ_CASES?: string }).POUW_FUZZ_CASES ?? USUAL) / USUAL;
const scaled = (cases: number): number => Math.ceil(cases * SCALE);
const TIMEOUT_MS = 60_000 + 120_000 * SCALE;
/** Messages, requests and frames for each topic, protocol and stream. */
const MESSAGES = scaled(1500);
/** Judged at once. */
const TOGETHER = 100;
let run = 0;

interface Decoder {
  readonly name: string;
  readonly corpus: readonly Uint8Array[];
  readonly cases: number;
  /** What `bytes` decode to, encoded again. */
  readonly again: (bytes: Uint8Array) => Uint8Array;
}

/** Runs a decoder over its cases; how many it took, or the first that it handled wrongly. */
function fuzz({ name, corpus, cases, again }: Decoder, code: ErrorCode = "BAD_ENCODING"): { accepted: number } {
  const chance = new Chance(SEED + name.length * 7919 + cases);
  let accepted = 0;
  for (let i = 0; i < cases; i++) {
    run++;
    const bytes = mutate(corpus, chance);
    const given = bytes.slice();
    const fault = (what: string): Error =>
      new Error(`${name}, case ${i}: ${what}: ${Buffer.from(given).toString("hex").slice(0, 200)}`);
    let out: Uint8Array;
    try {
      out = again(bytes);
    } catch (error) {
      if (!(error instanceof PouwError) || error.code !== code) throw fault(`threw ${error}`);
      continue;
    }
    if (!bytesEqual(bytes, given)) throw fault("the input was changed");
    if (!bytesEqual(out, given)) throw fault("taken, but it encodes otherwise");
    accepted++;
  }
  return { accepted };
}

const world = aWorld(STAKES);
const { rules } = world;
const { blocks, states } = mineChain(world, 3, { miners: [alice, bob] });
const tip = states[3] as State;
const records = someRecords(tip, alice, [alice, bob], 2, rules);
const [first, second] = records as [RoundRecord, RoundRecord];
const transactions = [aTransfer(tip, alice, bob.address, 5n)];
const { block } = mineBlock(tip, alice, rules, { records, transactions });
const evidence = { a: block.header, b: doubleOf(block, alice, rules) };
const zero = new Uint8Array(32);
const word = { block: tip.tipId, height: 3, outcome: 0, digest: zero, verifier: bob.address };
const seat = { audit: codecs.Contribution.id(first.contributions[0] as never), height: 3, attester: bob.address };
const reveal = opened(seat, { outcome: "valid", trace: madeUpTrace("fuzz") });
/** With every list filled: decoders do not ask whether a word stands. */
const full = { ...block.body, reveals: [reveal], commits: [sealed(reveal, bob, rules)] };
const status = {
  version: 1,
  network: Uint8Array.of(120),
  genesis: zero,
  head: zero,
  height: 3,
  work: zero,
  oldest: 0,
  roles: 3,
  trains: 1,
  time: 1_800_000_000_000n,
};

/** Valid values of each codec. */
const VALUES: { readonly [name: string]: readonly unknown[] } = {
  transaction: transactions,
  transfer: [{ to: bob.address, amount: 5n }],
  stake: [{ amount: 5n }],
  unstake: [{ amount: 2n ** 64n - 1n }],
  header: [block.header, evidence.b],
  body: [block.body, full, (blocks[0] as Block).body],
  block: [block, { ...block, body: full }, blocks[0]],
  "double block": [evidence],
  "double record": [{ a: first, b: second }],
  "forged unit": first.contributions.map((contribution) => ({ contribution })),
  "false attestation": first.contributions.map((contribution) => ({ contribution, height: 3, attester: bob.address })),
  "audit commit": [sealed(reveal, bob, rules)],
  "audit reveal": [reveal],
  evidence: [evidenceOf(doubleBlock, evidence)],
  contribution: first.contributions,
  record: records,
  attestation: [codecs.Attestation.sign(word, bob, rules.genesis)],
  status: [status],
  "headers request": [
    { known: [], count: 16 },
    { known: [tip.tipId], count: 64 },
  ],
  "headers reply": [{ headers: [] }, { headers: [(blocks[0] as Block).header] }],
  "blocks request": [{ ids: [] }, { ids: [zero, tip.tipId] }],
  "blocks reply": [{ blocks: [] }, { blocks: [codecs.Block.codec.encode(blocks[0] as Block)] }],
  "blob request": [{ kind: 1, id: zero, offset: 0, length: 262_144 }],
  "blob reply": [
    { total: 0, bytes: new Uint8Array(0) },
    { total: 900, bytes: new Uint8Array(300).fill(3) },
  ],
  "round request": [{ task: zero, head: tip.tipId }],
  "round reply": [
    { records: [], contributions: [] },
    {
      records: records.map((r) => codecs.RoundRecord.codec.encode(r)),
      contributions: [codecs.Contribution.codec.encode(first.contributions[0] as never)],
    },
  ],
};

const isCodec = (value: unknown): value is Codec<unknown> =>
  typeof value === "object" && value !== null && "decode" in value && "encode" in value && "maxBytes" in value;
/** Every codec that the codec room exports, on its own or inside a signed object, a block or a request; and of every kind of transaction and evidence its payload's. */
function codecsIn(value: unknown): Codec<unknown>[] {
  if (isCodec(value)) return [value];
  return Object.getPrototypeOf(value ?? 0) === Object.prototype ? Object.values(value as object).flatMap(codecsIn) : [];
}
const ALL: readonly Codec<unknown>[] = [
  ...new Set([codecs, TRANSACTION_KINDS, EVIDENCE_KINDS].flatMap((room) => Object.values(room).flatMap(codecsIn))),
];
const CASES = scaled(6_000);
const ofCodec = (codec: Codec<unknown>): Decoder => ({
  name: codec.name,
  corpus: (VALUES[codec.name] ?? []).map((value) => codec.encode(value)),
  cases: CASES,
  again: (bytes) => codec.encode(codec.decode(bytes)),
});

const start = new Float32Array(48);
const ends = [
  toyUnit(start, new Uint8Array(32).fill(1)),
  start,
  Float32Array.from(start, (_, i) => (i === 40 ? 2 ** -21 * 70_000 : 0)),
];
const delta: Decoder = {
  name: "exact delta",
  corpus: ends.map((end) => encodeDelta(toyTask, start, end)),
  cases: scaled(20_000),
  again: (bytes) => encodeIntegers(toyTask, decodeDelta(toyTask, bytes)),
};
/** A stored state's rows: the main one and a page of accounts, each with the other as it was written. */
const rowsOf = (of: State): Map<string, Uint8Array> =>
  new Map([...stateRows(of)].map(({ name, bytes }) => [name, bytes]));
const ofRow = (row: string): Decoder => ({
  name: `state ${row}`,
  corpus: [genesisState(aGenesis()), tip].map((of) => rowsOf(of).get(row) as Uint8Array),
  cases: scaled(750),
  again: (bytes) => rowsOf(finish(readState(new Map([...rowsOf(tip), [row, bytes]])))).get(row) as Uint8Array,
});
const DECODERS = [...ALL.map(ofCodec), delta, ...["main", "accounts-0"].map(ofRow)];

describe("binary decoders", () => {
  it("are all here, each with valid encodings to start from", () => {
    expect(ALL.map(({ name }) => name).sort()).toEqual(Object.keys(VALUES).sort());
    for (const { corpus, again } of DECODERS) for (const bytes of corpus) expect(again(bytes)).toEqual(bytes);
  });

  it.each(DECODERS.map((decoder) => [decoder.name, decoder.cases, decoder] as const))(
    "%s: %i cases",
    (_name, _cases, decoder) => {
      const before = process.memoryUsage().arrayBuffers;
      fuzz(decoder);
      // Nothing that a length or an offset claims is allocated.
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 << 20);
    },
    TIMEOUT_MS,
  );

  it("would be found out: a decoder that forgives, crashes, or changes its input", () => {
    const strict = ofCodec(codecs.Contribution.codec as Codec<unknown>);
    const size = (strict.corpus[0] as Uint8Array).length;
    const forgiving = (bytes: Uint8Array): Uint8Array => strict.again(bytes.slice(0, size));
    expect(() => fuzz({ ...strict, again: forgiving })).toThrow("encodes otherwise");
    const crashing = (bytes: Uint8Array): Uint8Array => {
      if (bytes.length < 8) throw new RangeError("out of bounds");
      return strict.again(bytes);
    };
    expect(() => fuzz({ ...strict, again: crashing })).toThrow("threw RangeError");
    const scribbling = (bytes: Uint8Array): Uint8Array => strict.again(bytes.fill(0));
    expect(() => fuzz({ ...strict, again: scribbling })).toThrow("input was changed");
  });

  it("take some of the damaged ones: a field changed is another valid value", () => {
    expect(fuzz(ofCodec(codecs.REQUESTS.blocks.request as Codec<unknown>)).accepted).toBeGreaterThan(100);
    expect(fuzz(delta).accepted).toBeGreaterThan(10);
  });
});

describe("JSON parsers", () => {
  const file = (path: string): string =>
    readFileSync(new URL(`../../models/digits-mlp/${path}`, import.meta.url), "utf8");
  const PARSERS: readonly (readonly [string, string, ErrorCode, (text: string) => unknown])[] = [
    ["a genesis", JSON.stringify(aGenesis()), "BAD_GENESIS", readGenesis],
    ["a model manifest", file("model.json"), "BAD_MODEL", parseManifest],
    ["conformance vectors", file("vectors.json"), "BAD_MODEL", parseVectors],
  ];
  it.each(PARSERS)(
    "%s: some thousand cases",
    (name, valid, code, parse) => {
      expect(() => parse(valid)).not.toThrow();
      const chance = new Chance(SEED + name.length);
      let refused = 0;
      for (let i = 0; i < scaled(3000); i++, run++) {
        const text = mutateJson(valid, chance);
        try {
          const value = parse(text);
          // What is taken is usable: it can be written down, and a genesis makes rules.
          JSON.stringify(value);
          if (parse === readGenesis) rulesOf(value as ReturnType<typeof readGenesis>);
        } catch (error) {
          if (!(error instanceof PouwError) || error.code !== code)
            throw new Error(`${name}, case ${i}: threw ${error} for ${text.slice(0, 300)}`);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(1000 * SCALE);
    },
    TIMEOUT_MS,
  );
});

describe("a running engine", () => {
  let lab: Lab;
  let node: Node;
  beforeAll(async () => {
    lab = new Lab();
    node = await lab.node("v", { mines: true });
    await lab.mine(node, 2);
  });
  afterAll(() => lab.close());

  const corpusOf = (names: readonly string[]): Uint8Array[] =>
    ALL.filter(({ name }) => names.includes(name)).flatMap((codec) => ofCodec(codec).corpus);
  const own = async (): Promise<Uint8Array[]> => {
    const ids = await node.engine.blocks.canonicalRange(1, 3);
    const whole = await Promise.all(ids.map((id) => node.engine.blocks.block(id)));
    return whole.map((one) => Uint8Array.from([0, ...codecs.Block.codec.encode((one as Decoded<Block>).value)]));
  };

  it.each(TOPICS)(
    "judges damaged %s messages without a throw, and accepts none",
    async (topic) => {
      const corpus = [...corpusOf([topic, "header"]), ...(topic === "block" ? await own() : [])];
      const chance = new Chance(SEED + topic.length);
      const kinds = new Set<string>();
      for (let i = 0; i < MESSAGES; i += TOGETHER, run += TOGETHER) {
        const judged = Promise.all(
          Array.from({ length: TOGETHER }, () => {
            const data = mutate(corpus, chance);
            if (topic === "block" && data.length > 0) data[0] = chance.below(3);
            return node.handlers.gossip(topic, data, { from: "fuzz", author: "fuzz" });
          }),
        );
        let done = false;
        void judged.finally(() => {
          done = true;
        });
        await lab.clock.run(60_000, () => done);
        for (const verdict of await judged) {
          kinds.add(verdict.kind);
          // "failed" would be an error that nobody thought of.
          if (verdict.kind !== "accept") expect(verdict.code, verdict.reason).not.toBe("failed");
        }
      }
      expect(kinds).not.toContain("accept");
      expect(kinds).toContain("reject");
    },
    TIMEOUT_MS,
  );

  it.each(PROTOCOLS)(
    "serves damaged %s requests with a reply or BAD_ENCODING",
    async (protocol) => {
      const chance = new Chance(SEED + protocol.length);
      const corpus = corpusOf([protocol, `${protocol} request`]);
      let refused = 0;
      for (let i = 0; i < MESSAGES; i++, run++) {
        try {
          const reply = await node.handlers.request(protocol, mutate(corpus, chance), "fuzz");
          expect(reply.length).toBeLessThanOrEqual(codecs.MAX_REPLY_BYTES);
        } catch (error) {
          if (!(error instanceof PouwError) || error.code !== "BAD_ENCODING") throw error;
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(100);
    },
    TIMEOUT_MS,
  );

  it.each(PROTOCOLS)(
    "reads damaged answers to %s as one or as BAD_ENCODING",
    async (protocol) => {
      const chance = new Chance(SEED + 2 * protocol.length);
      const corpus = corpusOf([
        `${protocol} reply`,
        protocol === "status" ? "status" : "blocks reply",
        "block",
        "record",
      ]);
      const asked = (VALUES[`${protocol} request`] ?? VALUES[protocol] ?? [])[0];
      let refused = 0;
      for (let i = 0; i < MESSAGES; i++, run++) {
        const wire = { request: async () => mutate(corpus, chance) };
        const client = createClient({ wire: wire as unknown as Wire, clock: lab.clock });
        const { signal } = new AbortController();
        try {
          await client.ask(protocol, protocol, asked as never, { ms: 1000, signal });
        } catch (error) {
          if (!(error instanceof PouwError) || error.code !== "BAD_ENCODING") throw error;
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(100);
    },
    TIMEOUT_MS,
  );
});

describe("a stream", () => {
  /** Frames as a peer writes them: their length, then so many bytes. */
  const framed = (bytes: Uint8Array): Uint8Array => concatBytes(u32be(bytes.length), bytes);

  it(
    "of damaged frames ends, and hands on nothing that is over the limit",
    async () => {
      const chance = new Chance(SEED);
      const corpus = [
        framed(new Uint8Array(0)),
        framed(new Uint8Array(9).fill(7)),
        framed(new Uint8Array(300).fill(1)),
      ];
      let [frames, faults] = [0, 0];
      for (let i = 0; i < scaled(500); i++, run++) {
        const [here, there] = await streamPair({ delay: 0 });
        const { signal } = new AbortController();
        const reading = createFrames({ maxFrame: 256 }, there);
        here.send(mutate(corpus, chance));
        void here.close().catch(() => undefined);
        try {
          for (let got = await reading.read({ signal }); got !== undefined; got = await reading.read({ signal })) {
            expect(got.length).toBeLessThanOrEqual(256);
            frames++;
          }
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          faults++;
        }
        here.abort(new Error("done"));
        there.abort(new Error("done"));
      }
      expect([frames > 50 * SCALE, faults > 50 * SCALE]).toEqual([true, true]);
    },
    TIMEOUT_MS,
  );
});

it("ran as many cases as it was asked for", () => {
  expect(run).toBeGreaterThanOrEqual(USUAL * SCALE);
});
