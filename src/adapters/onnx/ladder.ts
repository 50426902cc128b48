// Picks the execution provider: each is tried by itself, must reproduce the conformance vectors, and must be worth its trouble.
import { messageOf, PouwError } from "../../base/index.ts";
import type { ProviderReport } from "../../ports/index.ts";
import { type Admission, PROVIDERS, type Provider } from "./messages.ts";
import type { Hand } from "./pool.ts";

export type ProviderWish = "auto" | Provider;

/** A worker that passed the gate with its provider. */
export interface Fit extends Admission {
  readonly hand: Hand;
}

export interface Choice extends Fit {
  readonly provider: Provider;
  readonly reports: readonly ProviderReport[];
}

/** Providers to try for a wish: `fast` ones have to beat the first of `sure` ones that works. */
function rungs(wish: ProviderWish): { readonly fast: readonly Provider[]; readonly sure: readonly Provider[] } {
  if (wish === "wasm") return { fast: [], sure: ["wasm"] };
  const sure: readonly Provider[] = ["cpu", "wasm"];
  return { fast: wish === "cpu" ? [] : [wish === "auto" ? "cuda" : wish], sure };
}

/**
 * Tries providers in the order of exact-training "Providers and conformance" until one is chosen; closes the workers of the others.
 * `attempt` starts a gated worker and throws a PouwError when it is not fit. Throws CAPABILITY_ABSENT when none is.
 */
export async function climb(wish: ProviderWish, attempt: (provider: Provider) => Promise<Fit>): Promise<Choice> {
  const reports: ProviderReport[] = [];
  const firstFit = async (providers: readonly Provider[]): Promise<Rung | undefined> => {
    for (const provider of providers) {
      try {
        return { ...(await attempt(provider)), provider };
      } catch (error) {
        reports.push(refusal(provider, error));
      }
    }
    return undefined;
  };
  const { fast, sure } = rungs(wish);
  const quick = await firstFit(fast);
  // What somebody asked for and what works is taken, be another one quicker.
  const steady = quick !== undefined && wish !== "auto" ? undefined : await firstFit(sure);
  const best = quick === undefined || steady === undefined ? (quick ?? steady) : await faster(quick, steady, reports);
  if (best === undefined) throw nothingFits(reports);
  reports.push(chosen(best));
  return { ...best, reports: [...reports, ...untried(reports, best.provider)] };
}

type Rung = Fit & { readonly provider: Provider };

/** Keeps the quicker of two workers; the other one is closed and gets its line. */
async function faster(a: Rung, b: Rung, reports: ProviderReport[]): Promise<Rung> {
  const [winner, loser] = a.stepMs <= b.stepMs ? [a, b] : [b, a];
  await loser.hand.close();
  reports.push({
    provider: loser.provider,
    state: "refused",
    reason: `${loser.library} conforms, but ${milliseconds(loser.stepMs)} a step is slower than ${winner.provider} with ${milliseconds(winner.stepMs)}`,
    remedy: undefined,
    library: loser.library,
    stepMs: loser.stepMs,
  });
  return winner;
}

function chosen({ provider, library, stepMs }: Rung): ProviderReport {
  const reason = `${library} reproduces the vectors; ${milliseconds(stepMs)} a step`;
  return { provider, state: "chosen", reason, remedy: undefined, library, stepMs };
}

function refusal(provider: Provider, error: unknown): ProviderReport {
  const remedy = error instanceof PouwError ? error.remedy : undefined;
  return { provider, state: "refused", reason: messageOf(error), remedy, library: undefined, stepMs: undefined };
}

function untried(reports: readonly ProviderReport[], winner: Provider): ProviderReport[] {
  const tried = new Set(reports.map((report) => report.provider));
  return PROVIDERS.filter((provider) => !tried.has(provider)).map((provider) => ({
    provider,
    state: "not tried",
    reason: provider === "webgpu" || provider === "cuda" ? "not asked for" : `not needed: ${winner} works`,
    remedy: undefined,
    library: undefined,
    stepMs: undefined,
  }));
}

function nothingFits(reports: readonly ProviderReport[]): PouwError {
  const reasons = reports.map(({ provider, reason }) => `${provider}: ${reason}`).join("; ");
  const remedy = reports.find((report) => report.remedy !== undefined)?.remedy;
  const message = `no execution provider can train here (${reasons})`;
  return new PouwError("CAPABILITY_ABSENT", message, remedy === undefined ? {} : { remedy });
}

const milliseconds = (ms: number): string => `${ms.toFixed(ms < 1 ? 2 : ms < 10 ? 1 : 0)} ms`;
