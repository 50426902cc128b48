// Log lines for people and machines, redaction, and the metric registry.
import { describe, expect, it } from "vitest";
import { createLog, createMetrics, noMetrics, silentLog } from "../../../src/adapters/telemetry/index.ts";

function lines(): { written: string[]; destination: { write(line: string): void } } {
  const written: string[] = [];
  return { written, destination: { write: (line) => void written.push(line) } };
}

describe("createLog", () => {
  it("writes one JSON object per line, room and fields beside the sentence", () => {
    const { written, destination } = lines();
    createLog({ level: "info", json: true, destination }).child("sync").info({ height: 7, fee: 12n }, "block accepted");
    expect(written).toHaveLength(1);
    expect(JSON.parse(written[0] as string)).toMatchObject({
      level: "info",
      room: "sync",
      height: 7,
      fee: 12,
      msg: "block accepted",
    });
  });

  it("writes one plain line for people", () => {
    const { written, destination } = lines();
    const log = createLog({ level: "info", destination });
    log.child("wire").warn({ peer: "12D3", note: "two words", err: new Error("it broke") }, "peer lost");
    log.info({}, "alone");
    expect(written[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}\[wire\] peer lost peer=12D3 note="two words" error="it broke"\n$/,
    );
    expect(written[1]).toMatch(/ INFO {2}alone\n$/);
    log.info({ unitMs: 7.132628999999952, height: 123_456_789 }, "a unit");
    expect(written[2]).toMatch(/a unit unitMs=7\.133 height=123456789\n$/);
    expect(written.join("")).not.toContain("\u001b");
  });

  it("keeps to its level", () => {
    const { written, destination } = lines();
    const log = createLog({ level: "warn", destination });
    log.debug({}, "no");
    log.info({}, "no");
    log.warn({}, "yes");
    log.error({}, "yes");
    expect(written).toHaveLength(2);
    createLog({ level: "silent", destination }).error({}, "no");
    silentLog().child("x").error({}, "no");
    expect(written).toHaveLength(2);
  });

  it("never prints a secret", () => {
    const { written, destination } = lines();
    const log = createLog({ level: "info", json: true, destination });
    log.info(
      { secretKey: "hush-1", wallet: { secret: "hush-2", address: "shown" }, accountSecret: "hush-3" },
      "opened",
    );
    expect(written[0]).not.toContain("hush");
    expect(written[0]).toContain("shown");
    expect(written[0]).toContain("[redacted]");
  });
});

describe("createMetrics", () => {
  it("counts, sets and observes, by label", async () => {
    const metrics = createMetrics({ process: false });
    metrics.counter("pouw_engine_blocks_total", "blocks", ["result"]).add(2, { result: "accept" });
    metrics.counter("pouw_engine_blocks_total", "blocks", ["result"]).add(1, { result: "accept" });
    metrics.gauge("pouw_chain_height_blocks", "height").set(9);
    metrics.histogram("pouw_work_unit_seconds", "unit time", [0.1, 1]).observe(0.5);
    const text = await metrics.text();
    expect(text).toContain('pouw_engine_blocks_total{result="accept"} 3');
    expect(text).toContain("pouw_chain_height_blocks 9");
    expect(text).toContain('pouw_work_unit_seconds_bucket{le="0.1"} 0');
    expect(text).toContain('pouw_work_unit_seconds_bucket{le="1"} 1');
  });

  it("keeps two nodes of one process apart, and has the process's own figures", async () => {
    const [a, b] = [createMetrics(), createMetrics()];
    a.gauge("pouw_chain_height_blocks", "height").set(1);
    expect(await b.text()).not.toContain("pouw_chain_height_blocks");
    expect(await b.text()).toContain("process_resident_memory_bytes");
  });

  it("refuses a name outside the scheme and a name used for two kinds", () => {
    const metrics = createMetrics({ process: false });
    expect(() => metrics.counter("blocks", "x")).toThrow(/not a metric name/);
    metrics.counter("pouw_a_b", "x");
    expect(() => metrics.gauge("pouw_a_b", "x")).toThrow(/another kind/);
  });

  it("has a version that measures nothing", async () => {
    const metrics = noMetrics();
    metrics.counter("pouw_a_b", "x").add();
    expect(await metrics.text()).toBe("");
  });
});
