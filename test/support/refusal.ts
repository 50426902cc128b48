// What a call is refused with.
import { PouwError } from "../../src/base/index.ts";

function coded(error: unknown): PouwError {
  if (error instanceof PouwError) return error;
  throw new Error(`not refused with a code: ${String(error)}`);
}

/** The coded error that `job` throws; any other outcome throws here. */
export function refusal(job: () => unknown): PouwError {
  let error: unknown;
  try {
    job();
  } catch (reason) {
    error = reason;
  }
  return coded(error);
}

/** The same of a promise. */
export async function refusalOf(job: () => Promise<unknown>): Promise<PouwError> {
  return coded(
    await job().then(
      () => undefined,
      (reason: unknown) => reason,
    ),
  );
}
