export { peer } from "./peer.ts";
