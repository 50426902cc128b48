// How hashes, addresses, amounts and moments are written in JSON: the pieces that every shape of the views is made of.
// A schema with an `id` is a component of the API's document under that name.
import { z } from "zod";

export const hashForm = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be 64 hex digits")
  .meta({ id: "Hash", description: "32 bytes as 64 lower-case hex digits: a hash, a digest, an id or a root." });

export const addressForm = z
  .string()
  .regex(/^[a-z0-9-]{1,31}1[02-9ac-hj-np-z]{58}$/, "must be an address")
  .meta({
    id: "Address",
    description: "An account: its Ed25519 public key in bech32m, after the network's name.",
  });

/** Genesis was mined by nobody: its miner is the empty string. */
export const minerForm = z
  .string()
  .regex(/^([a-z0-9-]{1,31}1[02-9ac-hj-np-z]{58})?$/, "must be an address, or empty")
  .meta({ id: "Miner", description: "The miner's address; empty for the genesis block." });

export const amountForm = z
  .string()
  .regex(/^\d+(\.\d{1,6})?$/, "must be coins")
  .meta({
    id: "Amount",
    description: "Money: coins with up to six decimals, as a string because JSON numbers lose digits.",
  });

export const u64Form = z
  .string()
  .regex(/^\d{1,20}$/, "must be a decimal string")
  .meta({ id: "U64", description: "A whole number below 2^64 as a decimal string." });

export const timeForm = z
  .int()
  .nonnegative()
  .meta({ id: "Time", description: "A moment: milliseconds since 1970-01-01 UTC." });

export const heightForm = z
  .int()
  .nonnegative()
  .meta({ id: "Height", description: "Number of blocks below this one; genesis is 0." });

/** A whole number of things, from 0. */
export const count = (what: string) => z.int().nonnegative().describe(what);

export const checkedForm = z.enum(["executed", "attestations", "sample", "pending"]).meta({
  id: "Checked",
  description:
    "How this node knows a block to be good: `executed` here, `attestations` of verifiers followed, a `sample` of its segment of the past, or still `pending`.",
});
