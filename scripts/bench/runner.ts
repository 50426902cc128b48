// One contestant of the step rows, in a process of its own, so that its memory is its own: a training graph on onnxruntime, or PyTorch.
import type { Sample } from "./measure.ts";

export interface Runner {
  /** Library, version and what else decides its speed. */
  readonly about: string;
  /** Trains `steps` steps from the start; time per step. */
  run(steps: number): Promise<Sample>;
  /** The most memory that the process held so far, beyond what it held with its library loaded and nothing opened, MB. */
  memoryMb(): number;
  close(): void;
}

/** An answer to `{"steps": n}`: times of all steps together, and the process's largest size so far. */
export interface StepsAnswer {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

/** A runner over a child that is prepared; `idleMb` is its size before that. */
export function runnerOf(
  about: string,
  idleMb: number,
  child: { ask(job: object): Promise<StepsAnswer>; close(): void },
): Runner {
  let peak = idleMb;
  return {
    about,
    async run(steps) {
      const { wallMs, cpuMs, peakMb } = await child.ask({ steps });
      peak = peakMb;
      return { wallMs: wallMs / steps, cpuMs: cpuMs / steps };
    },
    memoryMb: () => peak - idleMb,
    close: () => child.close(),
  };
}
