// Where the scrub brings damaged rows from: peers, asked in turn; what they serve is checked by its id.
import { bytesEqual } from "../base/index.ts";
import { Header } from "../codec/index.ts";
import { sha256 } from "../crypto/index.ts";
import { type BlobDeps, fetchBlob, fetchBlock, type Peers } from "./exchange/index.ts";
import type { ScrubSources } from "./storage/index.ts";
import type { FollowedTasks } from "./training/index.ts";

export interface ScrubSourcesDeps extends BlobDeps {
  readonly peers: Pick<Peers, "ranked">;
  readonly followed: FollowedTasks;
  readonly genesis: Uint8Array;
}

export function scrubSources(deps: ScrubSourcesDeps, options: { readonly signal: AbortSignal }): ScrubSources {
  const { peers, followed, genesis } = deps;
  const isSigned = (header: Header): boolean => Header.verify(header, genesis);
  const tasks = followed.all;
  return {
    async block(id) {
      return (await fetchBlock(id, peers.ranked(), { ...deps, isSigned }, options))?.bytes;
    },
    delta(id) {
      const maxBytes = Math.max(0, ...tasks.map(({ task }) => task.maxDeltaBytes));
      const check = (bytes: Uint8Array): boolean => bytesEqual(sha256(bytes), id);
      return fetchBlob({ kind: "delta", id, maxBytes, check }, peers.ranked(), deps, options);
    },
    async parameters(id) {
      for (const { task, parameters } of tasks) {
        const check = (bytes: Uint8Array): boolean => {
          const set = parameters.store.decode(bytes);
          return set !== undefined && parameters.store.matches(id, set);
        };
        const wanted = { kind: "parameters", id, maxBytes: 4 * task.parameterCount, check } as const;
        const bytes = await fetchBlob(wanted, peers.ranked(), deps, options);
        if (bytes !== undefined) return bytes;
      }
      return undefined;
    },
  };
}
