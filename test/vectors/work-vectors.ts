// The inputs of the golden vectors of hashing, signing, work and genesis, and their values as the code computes them now.
import { compareBytes, toHex, utf8 } from "../../src/base/index.ts";
import { createGenesis, type GenesisTask, genesisHash, genesisState, PROFILES, rulesOf } from "../../src/chain/index.ts";
import { Block } from "../../src/codec/block.ts";
import { sha256, taggedHash } from "../../src/crypto/index.ts";
import { drawHash, findWin, firstNonce, nextBeacon, noncesPerUnit, type Task, unitSeed } from "../../src/work/index.ts";
import { alice, aRegistration, aWorld, bob, mineBlock, mineChain, someRecords, taskIn, STAKES } from "../support/chain.ts";
import { encodeState } from "../support/state-bytes.ts";

const h = (text: string): Uint8Array => sha256(utf8(text));

function workCase(i: number): object {
  const unit = {
    beacon: h(`beacon ${i}`),
    block: h(`block ${i}`),
    task: h(`task ${i}`),
    round: i * 1000,
    author: h(`author ${i}`),
    mlNode: i,
    index: i * i,
    startDigest: h(`start ${i}`),
    digest: h(`digest ${i}`),
  };
  const target = Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 2 : 0));
  const win = findWin(unit, 400, target);
  return {
    case: i,
    seed: toHex(unitSeed(unit)),
    firstNonce: firstNonce(unit.digest).toString(),
    firstDraw: toHex(drawHash(unit, firstNonce(unit.digest))),
    win: win === undefined ? null : { nonce: win.nonce.toString(), draw: toHex(win.draw) },
    nextBeacon: toHex(nextBeacon(unit.beacon, h(`draw ${i}`))),
  };
}

/** A task of the size of digits-mlp, every fact spelled out, so that no model can move a vector. */
const DIGITS: GenesisTask = {
  name: "digits-mlp",
  model: "digits-mlp",
  kind: "classification",
  trainDigest: toHex(h("train")),
  evalDigest: toHex(h("eval")),
  initialDigest: toHex(h("initial")),
  initSeed: "digits-mlp/1",
  data: {
    name: "digits",
    digest: toHex(h("data")),
    inputs: [
      { name: "images", dtype: "uint8", shape: ["N", 784], limit: 256 },
      { name: "labels", dtype: "uint8", shape: ["N"], limit: 10 },
    ],
    window: 1,
    evalStride: 1,
    splits: { train: [0, 8000], validation: [8000, 9000], test: [9000, 10_000] },
  },
  steps: 2000,
  batch: 32,
  evalBatch: 200,
  predictionsPerSample: 1,
  noise: [{ name: "shift", count: 32, below: 25 }],
  optimizer: { kind: "momentum", settings: [{ learningRate: "0.0625", momentum: "0.875" }] },
  parameters: [
    { name: "w1", shape: [784, 128], exponent: -22, init: { kind: "normal", std: "0.05" } },
    { name: "b1", shape: [128], exponent: -22, init: { kind: "zeros" } },
    { name: "w2", shape: [128, 10], exponent: -22, init: { kind: "normal", std: "0.125" } },
    { name: "b2", shape: [10], exponent: -22, init: { kind: "zeros" } },
  ],
  parameterCount: 101_770,
  effort: { batch: 7_254_400, rest: 3_344_112 },
  codec: "exact",
  aggregation: "mean",
};

function genesisCase(name: keyof typeof PROFILES): object {
  const genesis = createGenesis(PROFILES[name], [DIGITS]);
  const rules = rulesOf(genesis);
  const state = genesisState(genesis);
  return {
    network: name,
    genesisHash: toHex(genesisHash(genesis)),
    taskId: toHex(taskIn(rules).id),
    nonces: noncesPerUnit(taskIn(rules), rules),
    stateRoot: toHex(state.root),
    beacon: toHex(state.beacon),
  };
}

/** Three honest blocks of the testing network: ids, roots and the SHA-256 of their bytes. */
function chainCase(): object {
  const { blocks, states } = mineChain(aWorld(STAKES), 3, { miners: [alice] });
  return {
    blocks: blocks.map((block) => toHex(sha256(Block.codec.encode(block)))),
    tips: states.map((state) => toHex(state.tipId)),
    roots: states.map((state) => toHex(state.root)),
    states: states.map((state) => toHex(sha256(encodeState(state)))),
    targets: states.map((state) => toHex(state.target)),
  };
}

/** One block with records of two tasks, won by a third's unit: how they stand, and where they lead each task. */
function severalCase(): object {
  const tasks = ["one", "two", "three"].map((name) => aRegistration(name));
  const { rules, state } = aWorld({ ...STAKES, tasks });
  const tip = mineBlock(state, alice, rules).state;
  const [a, b, c] = [...rules.tasks].sort((x, y) => compareBytes(x.id, y.id)) as [Task, Task, Task];
  const records = [a, c].flatMap(({ id }, i) => someRecords(tip, alice, [alice, bob], i + 1, rules, id));
  const { block, state: next } = mineBlock(tip, bob, rules, { records, task: b.id });
  return {
    ids: rules.tasks.map(({ id }) => toHex(id)),
    block: toHex(sha256(Block.codec.encode(block))),
    root: toHex(next.root),
    rounds: next.tasks.map(({ round }) => round),
    digests: next.tasks.map(({ parametersDigest }) => toHex(parametersDigest)),
  };
}

export function workVectors(): object {
  return {
    taggedHash: toHex(taggedHash("domain", Uint8Array.of(1, 2), new Uint8Array(), Uint8Array.of(3))),
    work: [0, 1, 2, 3].map(workCase),
    genesis: [genesisCase("devnet"), genesisCase("testnet")],
    chain: chainCase(),
    several: severalCase(),
  };
}
