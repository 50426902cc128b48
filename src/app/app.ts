// One running program of node, API and plugins: what the command line starts and a script can import.
import { homedir } from "node:os";
import { createLog } from "../adapters/telemetry/index.ts";
import { announce, startApi } from "../api/index.ts";
import { Scope } from "../base/index.ts";
import {
  loadPlugins,
  type NodeEvents,
  type NodeOptions,
  type NodeOptionsInput,
  type NodeParts,
  type NodeStatus,
  type NodeView,
  objectGiven,
  type Plugins,
  PoUWNode,
  parseOptions,
  pathsIn,
} from "../node/index.ts";
import type { Log } from "../ports/index.ts";
import { type Plugin, type PluginRows, rowsOf } from "./plugin.ts";

/** What an app needs of its node: PoUWNode has it. */
export interface AppNode {
  start(): Promise<unknown>;
  stop(): Promise<unknown>;
  getStatus(): NodeStatus;
  on<K extends keyof NodeEvents>(event: K, listener: (payload: NodeEvents[K]) => void): unknown;
  view(): NodeView;
}

export interface App<N extends AppNode = PoUWNode> {
  readonly node: N;
  /** Where the API answers, and `api.json` leads to; undefined when it is switched off. */
  readonly apiUrl: string | undefined;
  /** Names of the plugins. */
  readonly plugins: readonly string[];
  /** Joins the network and starts the roles. Throws PORT_IN_USE, and has then closed everything. */
  start(): Promise<void>;
  /** Closes the API, then the node. Safe to call twice. */
  stop(): Promise<void>;
}

export interface AppSettings {
  /** Complete, of the plugins' table. */
  readonly options: NodeOptions;
  readonly plugins: Plugins;
}

export interface ComposeDeps<N extends AppNode> {
  readonly log: Log;
  readonly createNode: (options: NodeOptions) => Promise<N>;
}

/** Makes the node and opens its API, which answers before the node has joined. Throws what `createNode` does, BAD_PLUGIN and PORT_IN_USE. */
export async function composeApp<N extends AppNode>(
  { options, plugins }: AppSettings,
  { log, createNode }: ComposeDeps<N>,
): Promise<App<N>> {
  const rows = rowsOf(plugins.list);
  const scope = new Scope();
  const stop = (): Promise<void> => scope.close();
  const orClose = async <T>(job: () => Promise<T>): Promise<T> => {
    try {
      return await job();
    } catch (error) {
      await stop().catch((reason: unknown) => log.error({ err: reason }, "closing after a failure failed too"));
      throw error;
    }
  };
  return orClose(async () => {
    const node = await createNode(options);
    scope.defer("node", () => node.stop());
    const apiUrl = await openApi(options, { log, rows, view: node.view() }, scope);
    const start = (): Promise<void> => orClose(async () => void (await node.start()));
    return { node, apiUrl, plugins: plugins.list.map(({ name }) => name), start, stop };
  });
}

interface ApiDeps {
  readonly log: Log;
  readonly rows: PluginRows;
  readonly view: NodeView;
}

/** The API, and the file that leads to it. */
async function openApi(options: NodeOptions, deps: ApiDeps, scope: Scope): Promise<string | undefined> {
  const { apiHost: host, apiPort: port, limits, dataDir } = options;
  const { log, rows, view } = deps;
  if (port === "off") return undefined;
  const api = await startApi(view, {
    ...{ host, port, bodyBytes: limits.apiBodyBytes, maxStreams: limits.apiStreams, resources: rows.rows },
    onFailure: (error, url) => log.error({ err: error, url, plugin: rows.ownerOf(url) }, "the API failed to answer"),
  });
  scope.defer("api", () => api.close());
  scope.defer("api.json", announce(dataDir, api.url));
  return api.url;
}

export interface AppDeps {
  /** Parts of the node that the caller brings. */
  readonly parts?: Omit<NodeParts, "plugins">;
  /** Plugins at hand, besides those that the settings name. */
  readonly plugins?: readonly Plugin[];
}

/**
 * A node with its API and plugins, not yet joined: add listeners, then `start`. Paths of plugins count from the working
 * directory; without `apiPort` the API takes its usual port or a free one. Throws PouwError: what `PoUWNode.create` does, BAD_PLUGIN and PORT_IN_USE.
 */
export async function createApp(input: NodeOptionsInput = {}, deps: AppDeps = {}): Promise<App> {
  objectGiven(input, "What an app is made from", '{ role: "miner", ... }');
  objectGiven(deps, "What an app is given", "{ parts, plugins }");
  const plugins = await loadPlugins({ paths: pathsIn(input), given: deps.plugins ?? [] });
  const options = parseOptions(input, homedir(), plugins.table);
  const log = deps.parts?.log ?? createLog({ level: options.logLevel });
  const parts = { ...deps.parts, log, plugins };
  return composeApp({ options, plugins }, { log, createNode: (it) => PoUWNode.create(it, parts) });
}
