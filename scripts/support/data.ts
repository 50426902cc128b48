// The built-in data sets for scripts, as the node itself opens them; nothing is kept on disk.
import { createArtifacts } from "../../src/adapters/artifacts/index.ts";
import { silentLog } from "../../src/adapters/telemetry/index.ts";
import { fromHex } from "../../src/base/index.ts";
import { type DataSet, type DataSetName, KNOWN_DATA } from "../../src/ml/index.ts";

const LIMIT_MS = 120_000;
const artifacts = createArtifacts({ modelsDirs: [], dataDir: undefined }, { log: silentLog() });

export async function openDataSet(name: DataSetName): Promise<DataSet> {
  const digest = fromHex(KNOWN_DATA[name].digest) as Uint8Array;
  const set = await artifacts.get("data", digest, { signal: AbortSignal.timeout(LIMIT_MS) });
  if (set === undefined) throw new Error(`there is no data set ${name}`);
  return set;
}
