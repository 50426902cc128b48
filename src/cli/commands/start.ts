// `pouw-node start`, the default: runs a node until Ctrl-C, with a live screen on a terminal and a line per block elsewhere.
import { Command } from "commander";
import { createLog } from "../../adapters/telemetry/index.ts";
import { type App, composeApp } from "../../app/index.ts";
import { Scope } from "../../base/index.ts";
import type { NodeOptions, ResolvedConfig } from "../../node/index.ts";
import type { Log } from "../../ports/index.ts";
import { type Context, type JsonOption, optionsOf } from "../context.ts";
import type { RunningNode } from "../deps.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { aborted, catchInterrupts } from "../interrupt.ts";
import { colorsFor, type Io, isLive, printLine, say, toJson } from "../io.ts";
import { addSettings, settingsOf } from "../settings-options.ts";
import { collectRarely } from "../thrift.ts";
import { follow, linesToCopy, newLiveState, renderLive } from "../views/live.ts";
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

function drawLive(session: Session, node: RunningNode, apiUrl: string | undefined, scope: Scope): void {
  const { io, screen } = session;
  if (screen === undefined) return;
  const state = newLiveState();
  follow(state, node);
  const colors = colorsFor(io.stderr, io.env);
  let told: readonly string[] = [];
  const draw = (): void => {
    const status = node.getStatus();
    const lines = linesToCopy(status);
    for (const line of lines) if (!told.includes(line)) screen.write(`${line}\n`);
    told = lines;
    const size = { columns: screen.columns(), rows: screen.rows() };
    screen.draw(renderLive(status, state, { colors, ...size, now: Date.now(), apiUrl }));
  };
  const timer = setInterval(draw, REDRAW_MS);
  scope.defer("screen", () => {
    clearInterval(timer);
    draw();
    screen.done();
  });
  draw();
}

/** Stops within the time limit of the settings. */
async function stopInTime({ io, options }: Session, scope: Scope): Promise<ExitCode> {
  const { stopMs } = options.limits;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), stopMs);
  });
  const outcome = await Promise.race([scope.close(), late]);
  clearTimeout(timer);
  if (outcome !== "late") return EXIT.ok;
  say(io, `The node did not stop within ${stopMs} ms and is ended now; what it stored is whole.`);
  io.exit(EXIT.failure);
  return EXIT.failure;
}

/** The app, not yet started. */
async function makeApp({ deps, plugins }: Context, { io, options, log }: Session): Promise<App<RunningNode>> {
  const progress = progressOn(io);
  const onProgress = (share: number): void => progress.update(share, "preparing the data set, once");
  const createNode = async (complete: NodeOptions): Promise<RunningNode> => {
    const node = await deps.createNode(complete, { log, plugins, onProgress });
    progress.end();
    return node;
  };
  return composeApp({ options, plugins }, { log, createNode });
}

function sayStarted({ io, json, screen, log }: Session, { node, apiUrl, plugins }: App<RunningNode>): void {
  const status = node.getStatus();
  if (json) printLine(io, toJson({ event: "started", apiUrl, status }));
  if (json || screen !== undefined) return;
  const { roles, nodeId: account, addresses } = status;
  const more = plugins.length === 0 ? {} : { plugins };
  log.info({ roles, account, addresses, api: apiUrl, ...more }, "node started");
}

async function run(
  context: Context,
  session: Session,
  own: { stop: () => void },
  { signal: stopped }: { readonly signal: AbortSignal },
): Promise<ExitCode> {
  const app = await makeApp(context, session);
  const scope = new Scope();
  scope.defer("app", () => app.stop());
  try {
    tellEvents(session, app.node, own);
    app.node.on("state", ({ state }) => collectRarely(state === "syncing"));
    if (!stopped.aborted) await app.start();
    sayStarted(session, app);
    drawLive(session, app.node, app.apiUrl, scope);
    await aborted(stopped);
    const failed = app.node.getStatus().state === "error";
    const code = await stopInTime(session, scope);
    return failed ? EXIT.failure : code;
  } catch (error) {
    await scope.close().catch((reason) => session.log.error({ err: reason }, "closing after a failure failed too"));
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
