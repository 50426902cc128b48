// A network of memory wires: the handle that tests and the simulator hold.
import type { Wire } from "../../ports/index.ts";
import { Air, type AirOptions, type LinkQuality } from "./air.ts";
import { MemoryWire } from "./memory-wire.ts";

export interface MemoryNetwork {
  /** A new wire, not started. Its peer id and address follow from the name (`node-1`, `node-2`, ... when none is given); its IP group is its own unless told. */
  wire(name?: string, group?: string): Wire;
  /** Sets the quality of the link between two peers, now and for later connections. */
  quality(a: string, b: string, quality: Partial<LinkQuality>): void;
  /** Cuts every link between different groups; peers in no group are alone. */
  split(groups: readonly (readonly string[])[]): void;
  /** Ends the split and restores the links it cut. */
  join(): void;
}

/** Creates an empty network. Same seed, same clock, same calls: same run. */
export function createMemoryNetwork(options: AirOptions): MemoryNetwork {
  const air = new Air<MemoryWire>(options);
  return {
    wire: (peerId = air.nextName, group = peerId) => {
      const wire = new MemoryWire({ peerId, group }, air);
      air.add(wire);
      return wire;
    },
    quality: (a, b, quality) => air.setQuality(a, b, quality),
    split: (groups) => air.split(groups),
    join: () => air.join(),
  };
}
