// The Metrics port over prom-client, with the process's own figures beside the node's.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { PouwError } from "../../base/index.ts";
import type { Metrics } from "../../ports/index.ts";

export interface MetricsRegistry extends Metrics {
  /** Everything in Prometheus's text form, as /metrics serves it. */
  text(): Promise<string>;
  readonly contentType: string;
}

const NAME = /^pouw_[a-z]+_[a-z0-9_]+$/;

/** A registry of its own, so that two nodes in one process do not mix. `process` adds Node's own metrics (default true). */
export function createMetrics(options: { readonly process?: boolean } = {}): MetricsRegistry {
  const registry = new Registry();
  if (options.process !== false) collectDefaultMetrics({ register: registry });
  const made = new Map<string, Counter | Gauge | Histogram>();

  function once<T extends Counter | Gauge | Histogram>(
    kind: new (...args: never[]) => T,
    name: string,
    make: () => T,
  ): T {
    if (!NAME.test(name)) throw new PouwError("INTERNAL", `not a metric name: ${name}`);
    const found = made.get(name);
    if (found !== undefined && !(found instanceof kind))
      throw new PouwError("INTERNAL", `the metric ${name} already exists as another kind`);
    const instrument = found ?? make();
    made.set(name, instrument);
    return instrument as T;
  }

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counter(name, help, labelNames = []) {
      const it = once(Counter, name, () => new Counter({ name, help, labelNames, registers: [registry] }));
      return { add: (value = 1, labels = {}) => it.inc(labels, value) };
    },
    gauge(name, help, labelNames = []) {
      const it = once(Gauge, name, () => new Gauge({ name, help, labelNames, registers: [registry] }));
      return { set: (value, labels = {}) => it.set(labels, value) };
    },
    histogram(name, help, buckets, labelNames = []) {
      const options = { name, help, buckets: [...buckets], labelNames, registers: [registry] };
      const it = once(Histogram, name, () => new Histogram(options));
      return { observe: (value, labels = {}) => it.observe(labels, value) };
    },
  };
}

/** Instruments that measure nothing. */
export function noMetrics(): MetricsRegistry {
  return {
    contentType: "text/plain",
    text: async () => "",
    counter: () => ({ add: () => undefined }),
    gauge: () => ({ set: () => undefined }),
    histogram: () => ({ observe: () => undefined }),
  };
}
