import { describe, expect, it } from "vitest";
import { formatAgo, formatBytes, formatDuration, formatNumber } from "@/lib/format";

describe("formats", () => {
  it.each([
    [0, "0 B"],
    [1023, "1,023 B"],
    [1536, "1.5 KiB"],
    [5 * 2 ** 30, "5 GiB"],
  ])("%d bytes", (bytes, text) => expect(formatBytes(bytes, "en")).toBe(text));

  it.each([
    [840, "840 ms"],
    [12_300, "12 s"],
    [245_000, "4 min 05 s"],
    [7_380_000, "2 h 03 min"],
    [273_600_000, "3 d 4 h"],
  ])("%d ms", (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    [0.123456789, "0.12346"],
    [0.0000123456, "1.235e-5"],
    [42, "42"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "∞"],
  ])("number %d", (value, text) => expect(formatNumber(value)).toBe(text));

  it("writes lengths of time in the person's language", () => {
    expect(formatDuration(245_000, "ja")).toBe("4 分 05 秒");
  });

  it("tells how long ago in the person's language", () => {
    expect(formatAgo(0, 180_000, "en")).toBe("3 minutes ago");
    expect(formatAgo(0, 180_000, "ja")).toBe("3 分前");
  });
});
