export { type App, type AppDeps, type AppNode, composeApp, createApp } from "./app.ts";
export type { Plugin } from "./plugin.ts";
