// Whether a data set holds what a task reads of it. A graph is not asked: what it does with an index or a value out of range is not defined.
import { memoised, PouwError } from "../../base/index.ts";
import type { DataInput, DataSet } from "../../ml/index.ts";
import type { Task } from "../../work/index.ts";

type DataTensor = DataSet["tensors"][number];

/** Throws BAD_DATA, naming what the task says and what the data set has, unless all samples of the task's splits can be read. */
export function checkDataFits({ name, data }: Pick<Task, "name" | "data">, set: DataSet): void {
  const refuse = (why: string): PouwError =>
    new PouwError("BAD_DATA", `task ${name} cannot be trained on the data set ${set.name}: ${why}`, {
      remedy: "Correct the task's registration, or name the data set that it was made for.",
    });
  for (const [split, [from, to]] of Object.entries(data.splits))
    if (!Number.isSafeInteger(from) || from < 0 || to <= from)
      throw refuse(`its ${split} split, ${from} to ${to}, is empty or not a range`);
  const rows = Math.max(...Object.values(data.splits).map(([, to]) => to)) - 1 + data.window;
  for (const input of data.inputs) {
    const tensor = set.tensors.find((candidate) => candidate.name === input.name);
    if (tensor === undefined) throw refuse(`it reads ${input.name}, which is not there`);
    if (!sameShape(input, tensor))
      throw refuse(`it reads ${input.name} as [${input.shape.join(", ")}], which is [${tensor.shape.join(", ")}]`);
    const length = tensor.shape[input.shape.findIndex((extent) => typeof extent === "string")];
    if (length !== undefined && length < rows)
      throw refuse(`its splits and window reach to row ${rows} of ${input.name}, which has ${length}`);
    const top = largestOf(tensor.data);
    if (top >= input.limit) throw refuse(`it takes values of ${input.name} below ${input.limit}, which has ${top}`);
  }
}

const sameShape = ({ shape }: DataInput, tensor: DataTensor): boolean =>
  shape.length === tensor.shape.length &&
  shape.every((extent, i) => typeof extent === "string" || extent === tensor.shape[i]);

/** Looked for once: a data set's bytes do not change. */
const largestOf = memoised((data: Uint8Array) => {
  let found = 0;
  for (const value of data) if (value > found) found = value;
  return found;
});
