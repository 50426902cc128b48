// What happens in a node, as PoUWNode, the live stream and the live screen tell it. A row here is an event of all three.
import { z } from "zod";
import { count, hashForm, heightForm, minerForm, timeForm } from "./forms.ts";
import { stateForm } from "./status.ts";

const blockEvent = z
  .object({
    height: heightForm,
    hash: hashForm.describe("The block's hash."),
    miner: minerForm,
    time: timeForm,
    own: z.boolean().describe("Whether this node mined it."),
  })
  .readonly()
  .meta({ id: "BlockEvent", description: "A block joined the best chain." });

const unitEvent = z
  .object({
    task: z.string().describe("Name of the task that was trained."),
    round: count("Round of the unit."),
    loss: z.number().describe("Mean cross-entropy of the unit's last batch, nats."),
    graphMs: z.number().describe("Time inside the training graph, milliseconds."),
  })
  .readonly()
  .meta({ id: "UnitEvent", description: "This node finished a unit of training." });

const stateEvent = z
  .object({ state: stateForm })
  .readonly()
  .meta({ id: "StateEvent", description: "The node entered another state." });

const alertEvent = z
  .object({
    kind: z.string().describe("Kind of the offence."),
    sentence: z.string().describe("What was found and whose it is, for people."),
  })
  .readonly()
  .meta({ id: "AlertEvent", description: "An offence was proven." });
export type AlertEvent = z.infer<typeof alertEvent>;

const peerEvent = z
  .object({
    peer: z.string().describe("libp2p peer id."),
    connected: z.boolean().describe("Whether it came or went."),
  })
  .readonly()
  .meta({ id: "PeerEvent", description: "A peer came or went." });

/** Event -> schema of its payload. */
export const EVENT_SCHEMAS = {
  block: blockEvent,
  unit: unitEvent,
  state: stateEvent,
  alert: alertEvent,
  peer: peerEvent,
};

export const EVENT_NAMES = Object.keys(EVENT_SCHEMAS) as (keyof typeof EVENT_SCHEMAS)[];

/** Event -> payload. */
export type NodeEvents = { [K in keyof typeof EVENT_SCHEMAS]: z.infer<(typeof EVENT_SCHEMAS)[K]> };
