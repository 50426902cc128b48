// Time, chance, words and numbers: the small things the inside asks of the world.

export interface Clock {
  /** Milliseconds of a clock that only goes forward, since some moment: for durations. No step of the machine's clock moves it. */
  now(): number;
  /** Milliseconds since 1970, as the machine has it: for what others or people read. May step either way, so no duration comes of it. */
  wallTime(): number;
  /** Calls `run` once after `ms`; returns the cancel. */
  after(ms: number, run: () => void): () => void;
}

export interface Log {
  debug(data: object, sentence: string): void;
  info(data: object, sentence: string): void;
  warn(data: object, sentence: string): void;
  error(data: object, sentence: string): void;
  child(room: string): Log;
}

export interface Counter {
  add(value?: number, labels?: { readonly [label: string]: string }): void;
}
export interface Gauge {
  set(value: number, labels?: { readonly [label: string]: string }): void;
}
export interface Histogram {
  observe(value: number, labels?: { readonly [label: string]: string }): void;
}

/** Named `pouw_<room>_<thing>_<unit>`; asking twice for a name gives the same instrument. */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  gauge(name: string, help: string, labels?: readonly string[]): Gauge;
  histogram(name: string, help: string, buckets: readonly number[], labels?: readonly string[]): Histogram;
}
