export { attachPlugins, guardedRoles } from "./guard.ts";
export { loadPlugins, NO_PLUGINS, type Plugins, pathsIn } from "./load.ts";
export { badPlugin, type NodePlugin } from "./plugin.ts";
