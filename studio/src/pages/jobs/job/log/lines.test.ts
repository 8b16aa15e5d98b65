import { expect, it } from "vitest";
import { CHUNK, Lines } from "@/pages/jobs/job/log/lines";

function numbered(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `line ${from + index}`);
}

it("puts together lines that come in pieces", () => {
  const lines = new Lines();
  lines.append("one\ntw");
  lines.append("o\nthr");
  expect([lines.total, lines.count, lines.at(0), lines.at(1), lines.at(2)]).toEqual([2, 3, "one", "two", "thr"]);
});

it("goes on where the known lines end, and says which are missing", () => {
  const lines = new Lines();
  lines.restart(CHUNK + 10);
  expect(lines.missing(0, lines.total)).toEqual([0, 1]);
  lines.put(1, numbered(CHUNK, 10));
  lines.append(`line ${CHUNK + 10}\n`);
  expect(lines.at(CHUNK + 10)).toBe(`line ${CHUNK + 10}`);
  expect(lines.missing(0, lines.total)).toEqual([0]);
});

it("asks again for lines that came while their chunk was on its way", () => {
  const lines = new Lines();
  lines.restart(10);
  lines.append("line 10\nline 11\n");
  lines.put(0, numbered(0, 11));
  expect(lines.missing(0, lines.total)).toEqual([0]);
  lines.put(0, numbered(0, 12));
  expect(lines.missing(0, lines.total)).toEqual([]);
  lines.append("line 12\n");
  expect(lines.at(12)).toBe("line 12");
});

it("keeps a bounded number of lines and their true numbers, however long the log grows", () => {
  const lines = new Lines();
  for (let block = 0; block < 500; block++) lines.append(`${numbered(block * CHUNK, CHUNK).join("\n")}\n`);
  expect(lines.total).toBe(500 * CHUNK);
  expect(lines.at(0)).toBeUndefined();
  expect(lines.at(lines.total - 1)).toBe(`line ${lines.total - 1}`);
});

it("forgets the growing end when it begins anew, and all of a log that was replaced", () => {
  const lines = new Lines();
  lines.append(`${numbered(0, CHUNK + 5).join("\n")}\npart`);
  lines.restart(CHUNK + 50);
  expect([lines.at(0), lines.at(CHUNK), lines.partial]).toEqual(["line 0", undefined, ""]);
  lines.restart(3);
  expect(lines.at(0)).toBeUndefined();
});
