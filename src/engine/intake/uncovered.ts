// Transactions whose sender cannot pay, by who brings them: a few until the head moves, then its transactions are not looked at.
// Nobody is struck for one: the other's branch may differ from ours, or be ahead.
import { Shares } from "../../base/index.ts";
import type { EventBus } from "../events.ts";

/** Until the head moves. */
const UNCOVERED = { perPeer: 32, perGroup: 64, inAll: 1024 };

export class Uncovered {
  readonly #groupOf: (peer: string) => string;
  #places: Shares;

  constructor({ events, groupOf }: { readonly events: EventBus; readonly groupOf: (peer: string) => string }) {
    this.#groupOf = groupOf;
    this.#places = new Shares(UNCOVERED, groupOf);
    events.on("head", () => {
      this.#places = new Shares(UNCOVERED, this.#groupOf);
    });
  }

  hasRoom(from: string): boolean {
    return this.#places.hasRoom(from);
  }

  note(from: string): void {
    this.#places.take(from);
  }
}
