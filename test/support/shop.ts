// Rounds, waiting transactions and a block maker over a desk, wired as the engine wires them.
import { silentLog } from "../../src/adapters/telemetry/index.ts";
import { targetAt } from "../../src/chain/index.ts";
import type { Block, Decoded } from "../../src/codec/index.ts";
import type { KeyPair } from "../../src/crypto/index.ts";
import { AuditWords, EvidenceWatch, Mempool } from "../../src/engine/chain/index.ts";
import type { Outbox } from "../../src/engine/exchange/index.ts";
import type { WonUnit } from "../../src/engine/training/block-maker.ts";
import type { Win } from "../../src/engine/training/closing.ts";
import { BlockMaker, RoundBoard } from "../../src/engine/training/index.ts";
import { Rounds } from "../../src/engine/training/rounds.ts";
import { findWin, noncesPerUnit, unitOfContribution } from "../../src/work/index.ts";
import { type Desk, leader, signal } from "./desk.ts";
import { aUnit, type Place } from "./forge.ts";

export interface Shop {
  readonly board: RoundBoard;
  /** Of the desk's task. */
  readonly rounds: Rounds;
  readonly mempool: Mempool;
  readonly maker: BlockMaker;
  /** Blocks that were handed to the network. */
  readonly sent: Decoded<Block>[];
  /** What was warned of. */
  readonly warned: object[];
}

/** A shop whose blocks are `key`'s. */
export function aShop({ lab, ledger, followed, events }: Desk, key: KeyPair = leader): Shop {
  const { clock, network } = lab;
  const state = (): typeof ledger.state => ledger.state;
  const board = new RoundBoard();
  const sent: Decoded<Block>[] = [];
  const warned: object[] = [];
  const log = { ...silentLog(), warn: (data: object): void => void warned.push(data) };
  const outbox = { block: (block: Decoded<Block>) => void sent.push(block) } as unknown as Outbox;
  const mempool = new Mempool({ rules: network.rules, minFee: 0n }, { events, state });
  const words = new AuditWords(network.rules, { events, state });
  const evidence = new EvidenceWatch(network.rules, { events, state });
  const options = { rules: network.rules, task: followed.task };
  const rounds = new Rounds(options, { state, isChecked: () => true, followed, events, board, clock }, { signal });
  const maker = new BlockMaker(
    { key, ownKey: { claim: async () => true }, ledger, mempool, words, evidence, outbox, clock, log, board },
    { signal },
  );
  return { board, rounds, mempool, maker, sent, warned };
}

/** A win of `key` that began at `place`, where the shop's rounds stand. */
export type Won = Win & Pick<WonUnit, "nonce" | "draw" | "time">;

export function aWonUnit({ lab, ledger, followed }: Desk, shop: Shop, place: Place, key: KeyPair = leader): Won {
  const { state } = ledger;
  const time = shop.maker.timeOn(state);
  const nonces = noncesPerUnit(lab.task, lab.network.rules);
  for (let index = 500; index < 1500; index++) {
    const { contribution, delta } = aUnit(lab, key, place, { index });
    const win = findWin(unitOfContribution(state.beacon, contribution), nonces, targetAt(state, time, ledger.rules));
    if (win === undefined) continue;
    followed.deltas.put(contribution.deltaHash, delta);
    return { contribution, state, view: shop.rounds.view, time, nonce: win.nonce, draw: win.draw };
  }
  throw new Error("no unit wins: the target is too hard for a test");
}
