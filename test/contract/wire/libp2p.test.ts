// The contract on real sockets.
import { makeWire } from "./libp2p-lab.ts";
import { wireContract } from "./suite.ts";

wireContract("libp2p", makeWire);
