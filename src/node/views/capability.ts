// What a probe found of an optional part: ready, or absent with the reason and the remedy. One shape for doctor, status and log.
import { z } from "zod";

export const capabilitySchema = z
  .object({
    name: z.string().describe("Name of the optional part."),
    state: z
      .enum(["ready", "off", "absent"])
      .describe("Whether it is there; `off`: nobody asked for it, or it was switched off."),
    reason: z.string().optional().describe("What is there, or why it is not."),
    remedy: z.string().optional().describe("What to type to get it."),
  })
  .readonly()
  .meta({ id: "Capability", description: "One optional part, as its probe found it at start." });
export type CapabilityReport = z.infer<typeof capabilitySchema>;

export const ready = (name: string, reason: string): CapabilityReport => ({
  name,
  state: "ready",
  reason,
  remedy: undefined,
});
export const off = (name: string, reason: string, remedy: string | undefined): CapabilityReport => ({
  name,
  state: "off",
  reason,
  remedy,
});
export const absent = (name: string, reason: string, remedy: string | undefined): CapabilityReport => ({
  name,
  state: "absent",
  reason,
  remedy,
});
