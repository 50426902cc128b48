// Many wires in one process, on a clock and a seed: the network of the simulator and of fast tests.
export { createMemoryNetwork, type MemoryNetwork } from "./network.ts";
