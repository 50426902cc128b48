// A plugin whole, and what the app takes of it: resources that stand beside the node's own.
import { apiRows, matches, type Row, rowProblem } from "../api/index.ts";
import { messageOf, PouwError } from "../base/index.ts";
import { badPlugin, type NodePlugin } from "../node/index.ts";

/** What a module exports as `plugin`. Rules of consensus are no part of it: genesis chooses those. */
export interface Plugin extends NodePlugin {
  /** Any path that is free; `/v1/x/<name>` never clashes with a later version's. */
  readonly resources?: readonly Row[];
}

export interface PluginRows {
  readonly rows: readonly Row[];
  /** Name of the plugin that answers at a request's path; undefined: the node itself. */
  ownerOf(url: string): string | undefined;
}

/** The resources of `plugins`. Throws BAD_PLUGIN for one that is malformed, or that claims what another has. */
export function rowsOf(plugins: readonly NodePlugin[]): PluginRows {
  const owned: { readonly plugin: string; readonly row: Row }[] = [];
  for (const { name, resources = [] } of plugins) {
    for (const [i, value] of resources.entries()) {
      const problem = rowProblem(value);
      if (problem !== undefined) throw badPlugin(name, `is malformed: resources[${i}]${problem}`);
      owned.push({ plugin: name, row: value as Row });
    }
    if (resources.length > 0)
      checkTogether(
        owned.map(({ row }) => row),
        name,
      );
  }
  return {
    rows: owned.map(({ row }) => row),
    ownerOf: (url) => owned.find(({ row }) => matches(row, url.split("?", 1)[0] as string))?.plugin,
  };
}

/** Throws BAD_PLUGIN naming `plugin`, the last that brought some. */
function checkTogether(rows: readonly Row[], plugin: string): void {
  try {
    apiRows(rows);
  } catch (cause) {
    // Also what its schemas throw when they are written into the document.
    const remedy = cause instanceof PouwError ? cause.remedy : undefined;
    throw badPlugin(plugin, `brings a resource that cannot be had: ${messageOf(cause).replace(/\.$/, "")}`, {
      cause,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}
