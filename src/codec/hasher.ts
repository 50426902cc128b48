// SSZ roots through a WebAssembly SHA-256: half the time of the library's default, the same bits, nothing native to install.
// It must be chosen before any SSZ type is made, so ssz.ts imports this first.
import { setHasher } from "@chainsafe/persistent-merkle-tree";
import { hasher } from "@chainsafe/persistent-merkle-tree/hasher/as-sha256";

setHasher(hasher);
