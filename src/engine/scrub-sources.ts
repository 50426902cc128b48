// Where the scrub brings damaged rows from: peers, asked in turn; what they serve is checked by its id.
import { bytesEqual } from "../base/index.ts";
import { Header } from "../codec/index.ts";
import { bodyRoot } from "../consensus/index.ts";
import { sha256 } from "../crypto/index.ts";
import { type BlobDeps, type Client, fetchBlob, fetchBlock, type Peers } from "./exchange/index.ts";
import type { ScrubSources } from "./storage/index.ts";
import type { FollowedTasks } from "./training/index.ts";

export interface ScrubSourcesDeps extends BlobDeps {
  readonly client: Client;
  readonly peers: Pick<Peers, "ranked">;
  readonly followed: FollowedTasks;
  readonly genesis: Uint8Array;
}

export function scrubSources(deps: ScrubSourcesDeps, options: { readonly signal: AbortSignal }): ScrubSources {
  const { client, peers, followed } = deps;
  const tasks = followed.all;
  return {
    async block(id) {
      for (const peer of peers.ranked()) {
        const block = await fetchBlock(client, peer, id, options).catch(() => undefined);
        // Its id says nothing of its body and signature.
        const { header, body } = block?.value ?? {};
        if (header === undefined || body === undefined || !bytesEqual(bodyRoot(body), header.bodyRoot)) continue;
        if (Header.verify(header, deps.genesis)) return block?.bytes;
      }
      return undefined;
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
