// `pouw-node start`, the default: runs a node until Ctrl-C, with a live screen on a terminal and a line per block elsewhere.
import { Command } from "commander";
import { createLog } from "../../adapters/telemetry/index.ts";
import { announce, startApi } from "../../api/index.ts";
import { Scope } from "../../base/index.ts";
import type { NodeOptions, ResolvedConfig } from "../../node/index.ts";
import type { Log } from "../../ports/index.ts";
import { type Context, type JsonOption, optionsOf } from "../context.ts";
import type { RunningNode } from "../deps.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { aborted, catchInterrupts } from "../interrupt.ts";
import { colorsFor, type Io, isLive, printLine, say, toJson } from "../io.ts";
import { addSettings, settingsOf } from "../settings-options.ts";
import { follow, newLiveState, renderLive } from "../views/live.ts";
import { progressOn } from "../views/progress.ts";
import { above, openScreen, type Screen } from "../views/screen.ts";

const REDRAW_MS = 500;

interface Session {
  readonly io: Io;
  readonly options: NodeOptions;
  readonly json: boolean;
  /** Undefined where a screen that redraws itself makes no sense. */
  readonly screen: Screen | undefined;
  readonly log: Log;
}

/** On a live screen only warnings come between, unless somebody asked for more. */
function logOf(io: Io, { options, origins }: ResolvedConfig, json: boolean, screen: Screen | undefined): Log {
  const quiet = screen !== undefined && options.logLevel === "info" && origins.get("logLevel") === "default";
  return createLog({
    level: quiet ? "warn" : options.logLevel,
    json,
    color: colorsFor(io.stderr, io.env).isColorSupported,
    destination: screen ?? { write: (line) => void io.stderr.write(line) },
  });
}

/** One JSON object per line on stdout for whoever reads along. */
function tellEvents({ io, json }: Session, node: RunningNode, own: { stop: () => void }): void {
  const tell = (event: string, data: object): void => {
    if (json) printLine(io, toJson({ event, ...data }));
  };
  node.on("block", (block) => tell("block", block));
  node.on("unit", (unit) => tell("unit", unit));
  node.on("alert", (alert) => tell("alert", alert));
  node.on("state", ({ state }) => {
    tell("state", { state });
    if (state === "error") own.stop();
  });
}

/** The API and the file that leads to it; undefined when it is switched off. */
async function openApi(session: Session, node: RunningNode, scope: Scope): Promise<string | undefined> {
  const { options, log } = session;
  if (options.apiPort === "off") return undefined;
  const api = await startApi(node.view(), {
    host: options.apiHost,
    port: options.apiPort,
    bodyBytes: options.limits.apiBodyBytes,
    maxStreams: options.limits.apiStreams,
    onFailure: (error, url) => log.error({ err: error, url }, "the API failed to answer"),
  });
  scope.defer("api", () => api.close());
  scope.defer("api.json", announce(options.dataDir, api.url));
  return api.url;
}

function drawLive(session: Session, node: RunningNode, apiUrl: string | undefined, scope: Scope): void {
  const { io, screen } = session;
  if (screen === undefined) return;
  const state = newLiveState();
  follow(state, node);
  const colors = colorsFor(io.stderr, io.env);
  const draw = (): void =>
    screen.draw(renderLive(node.getStatus(), state, { colors, columns: screen.columns(), now: Date.now(), apiUrl }));
  const timer = setInterval(draw, REDRAW_MS);
  scope.defer("screen", () => {
    clearInterval(timer);
    draw();
    screen.done();
  });
  draw();
}

/** Closes in order, within the time limit of the settings. */
async function closeInTime(session: Session, scope: Scope): Promise<ExitCode> {
  const { stopMs } = session.options.limits;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), stopMs);
  });
  const outcome = await Promise.race([scope.close(), late]);
  clearTimeout(timer);
  if (outcome !== "late") return EXIT.ok;
  say(session.io, `The node did not stop within ${stopMs} ms and is ended now; what it stored is whole.`);
  session.io.exit(EXIT.failure);
  return EXIT.failure;
}

async function run(
  context: Context,
  session: Session,
  own: { stop: () => void },
  { signal: stopped }: { readonly signal: AbortSignal },
): Promise<ExitCode> {
  const { io, options, log, json } = session;
  const scope = new Scope();
  try {
    const progress = progressOn(io);
    const onProgress = (share: number): void => progress.update(share, "preparing the data set, once");
    const node = await context.deps.createNode(options, { log, onProgress });
    progress.end();
    scope.defer("node", () => node.stop());
    tellEvents(session, node, own);
    const apiUrl = await openApi(session, node, scope);
    if (!stopped.aborted) await node.start();
    const status = node.getStatus();
    if (json) printLine(io, toJson({ event: "started", apiUrl, status }));
    else if (session.screen === undefined)
      log.info(
        { roles: status.roles, account: status.nodeId, addresses: status.addresses, api: apiUrl },
        "node started",
      );
    drawLive(session, node, apiUrl, scope);
    await aborted(stopped);
    const failed = node.getStatus().state === "error";
    const code = await closeInTime(session, scope);
    return failed ? EXIT.failure : code;
  } catch (error) {
    await scope.close().catch((reason) => log.error({ err: reason }, "closing after a failure failed too"));
    throw error;
  }
}

export function startCommand(context: Context): Command {
  const { io, deps, action } = context;
  return addSettings(new Command("start").description("run a node (the default command)"), deps.settings)
    .option("--json", "print one JSON object per event")
    .action(
      action(async (command) => {
        const json = optionsOf<JsonOption>(command).json === true;
        const config = settingsOf(command, context);
        const screen = !json && isLive(io.stderr, io.env) ? openScreen(io.stderr) : undefined;
        const log = logOf(io, config, json, screen);
        const interrupts = catchInterrupts(above(io, screen), "Stopping the node");
        const broken = new AbortController();
        const own = { stop: () => broken.abort() };
        try {
          const session = { io, options: config.options, json, screen, log };
          const signal = AbortSignal.any([interrupts.signal, broken.signal]);
          const code = await run(context, session, own, { signal });
          if (json) printLine(io, toJson({ event: "stopped" }));
          else say(io, "The node has stopped.");
          return code;
        } finally {
          interrupts.release();
        }
      }),
    );
}
