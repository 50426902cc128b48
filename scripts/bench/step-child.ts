// Trains on onnxruntime in a process of its own: one job a line, one answer a line (runner.ts).
import { createInterface } from "node:readline";
import { architecture } from "../../src/ml/index.ts";
import { memoryMb } from "../support/footprint.ts";
import { type Stepper, type StepperOptions, Workshop, type WorkshopOptions } from "./stepper.ts";

/** What a child is told first. */
export interface StepJob extends StepperOptions, WorkshopOptions {
  readonly model: string;
}
type Order = { readonly prepare: StepJob } | { readonly steps: number };

let stepper: Stepper | undefined;

async function answer(order: Order): Promise<object> {
  if ("prepare" in order) {
    const { model, ...options } = order.prepare;
    const shop = await Workshop.open(options);
    const idleMb = memoryMb(process.pid);
    stepper = await shop.stepper(architecture(model), options);
    return { about: shop.about, idleMb };
  }
  const { steps } = order;
  if (stepper === undefined) throw new Error("nothing was prepared");
  const { wallMs, cpuMs } = await stepper.run(steps)();
  return { wallMs: wallMs * steps, cpuMs: cpuMs * steps, peakMb: process.resourceUsage().maxRSS / 1024 };
}

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Order))}\n`);
