export { miner } from "./miner.ts";
