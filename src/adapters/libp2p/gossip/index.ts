export { Gossip } from "./gossip.ts";
export { gossipService } from "./settings.ts";
