// Picks the execution provider: each is tried by itself, must reproduce the conformance vectors, and must be worth its trouble.
import { messageOf, PouwError } from "../../base/index.ts";
import type { ProviderReport } from "../../ports/index.ts";
import type { Crowd } from "./crowd.ts";
import { type Admission, PROVIDERS, type Provider } from "./messages.ts";
import type { Hand } from "./pool.ts";

export type ProviderWish = "auto" | Provider;

/** A worker that passed the gate with its provider. */
export interface Fit extends Admission {
  readonly hand: Hand;
}

export interface Choice {
  readonly provider: Provider;
  /** Those that are started; on a GPU as many as run at once. */
  readonly hands: readonly Hand[];
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
 * `attempt` starts a gated worker and throws a PouwError when it is not fit; `gather` times as many as the provider runs at once.
 * Throws CAPABILITY_ABSENT when none is fit.
 */
export async function climb(
  wish: ProviderWish,
  attempt: (provider: Provider) => Promise<Fit>,
  gather: (provider: Provider, first: Hand) => Promise<Crowd>,
): Promise<Choice> {
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
  const first = quick ?? steady;
  if (first === undefined) throw nothingFits(reports);
  const crowded = async (rung: Rung): Promise<Crowded> => ({ ...rung, ...(await gather(rung.provider, rung.hand)) });
  // The processor by itself needs no timing: there is nothing to choose.
  const best = quick === undefined ? { ...first, hands: [first.hand] } : await crowded(quick);
  const taken =
    steady === undefined || !("stepsPerSecond" in best) ? best : await faster(best, await crowded(steady), reports);
  reports.push(chosen(taken));
  const { provider, hands } = taken;
  return { provider, hands, reports: [...reports, ...untried(reports, provider)] };
}

type Rung = Fit & { readonly provider: Provider };
type Crowded = Rung & Crowd;

/** Keeps the quicker of two; the other's workers are closed and it gets its line. */
async function faster(a: Crowded, b: Crowded, reports: ProviderReport[]): Promise<Crowded> {
  const [winner, loser] = a.stepsPerSecond >= b.stepsPerSecond ? [a, b] : [b, a];
  await Promise.all(loser.hands.map((hand) => hand.close()));
  const pace = ({ stepsPerSecond }: Crowd): string => `${stepsPerSecond.toPrecision(3)} steps a second`;
  reports.push({
    provider: loser.provider,
    state: "refused",
    reason: `${loser.library} conforms, but ${pace(loser)} is slower than ${winner.provider} with ${pace(winner)}`,
    remedy: undefined,
    library: loser.library,
    stepMs: loser.stepMs,
  });
  return winner;
}

function chosen({ provider, library, lowering, refused, stepMs, hands }: Rung & Pick<Crowd, "hands">): ProviderReport {
  const several = hands.length > 1 ? `, ${hands.length} units at once` : "";
  const instead = refused === undefined ? "" : `, not int8, since ${refused}`;
  const reason = `${library} reproduces the vectors in ${lowering}${instead}; ${milliseconds(stepMs)} a step${several}`;
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
